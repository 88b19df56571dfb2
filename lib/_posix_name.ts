/**
 * Names of POSIX objects.
 *
 * @module
 */

import { NAME_MAX } from "../ffi/constants.ts";
import { encodeText } from "../ffi/encoding.ts";

const NAME_REGEXP = /^\/(?!\.{1,2}$)[^/\0]+$/;

/**
 * A slash and at least one more byte, none of them a slash or NUL.
 *
 * @param maxBytes Most bytes, the slash included.
 * @throws {TypeError} If the name is anything else.
 */
export function checkName(name: string, action: string, maxBytes = NAME_MAX): string {
  if (
    typeof name === "string" && NAME_REGEXP.test(name) && encodeText(name).length <= maxBytes
  ) return name;
  throw new TypeError(
    `Cannot ${action}: name must be "/" and 1 to ${maxBytes - 1} other bytes without "/" or NUL, ` +
      `received ${JSON.stringify(name)}`,
  );
}
