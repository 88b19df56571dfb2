/**
 * Names with wildcards.
 *
 * @module
 */

import { globToRegExp } from "npm:deno-std@1.4.0/path/glob_to_regexp.js";

/**
 * What names without their slash match: `*` is any text, `?` any character, `[a-z]` one of some,
 * `{in,out}` one of two words. The slash that names begin with may be typed or not.
 */
export function globOf(text: string): RegExp {
  return globToRegExp(text.replace(/^\//, ""), { extended: false, globstar: false });
}
