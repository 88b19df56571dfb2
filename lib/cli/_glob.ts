/**
 * Names with wildcards.
 *
 * @module
 */

import { globToRegExp } from "npm:deno-std@1.4.0/path/glob_to_regexp.js";
import { UsageError } from "./_options.ts";

/**
 * What names without their slash match: `*` is any text, `?` any character, `[a-z]` one of some,
 * `{in,out}` one of two words. The slash that names begin with may be typed or not. Throws a
 * {@link UsageError} that says what it must be.
 */
export function globOf(text: string): RegExp {
  try {
    return globToRegExp(text.replace(/^\//, ""), { extended: false, globstar: false });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError("a name, with wildcards such as * and [a-z]"); // [z-a], of which there is none
  }
}
