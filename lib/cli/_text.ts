/**
 * Text on a terminal: how wide it is, how it is cut, and how names that others chose are made
 * harmless.
 *
 * @module
 */

import stringWidth from "npm:string-width@8.1.0";

/** Control characters, what reorders text, what ends lines, and the backslash that marks them. */
// deno-lint-ignore no-control-regex
const HARMFUL_REGEXP = /[\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** What takes a column per character: nearly everything, so a long list is measured in no time. */
const PLAIN_REGEXP = /^[\x20-\x7e]*$/;

/** Where text was cut. */
export const ELLIPSIS = "…";

const graphemes = new Intl.Segmenter();

/** Text that others chose, such as a name, without anything that a terminal would obey. */
export function escapeText(text: string): string {
  return text.replaceAll(HARMFUL_REGEXP, (character) => {
    const code = character.charCodeAt(0);
    const hex = code.toString(16);
    return SHORT_ESCAPES[character] ??
      (code <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
  });
}

/** The same value in JSON, without what a terminal would obey and JSON leaves as it is. */
export function escapeJson(json: string): string {
  return json.replaceAll(HARMFUL_REGEXP, (character) => {
    const isJson = character === "\\" || character === "\n"; // an escape, or between two values
    return isJson ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Columns that a text takes. */
export function widthOf(text: string): number {
  return PLAIN_REGEXP.test(text) ? text.length : stringWidth(text);
}

/** A text that takes at most so many columns; what is cut ends in an ellipsis. */
export function cutText(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns <= 0) return "";
  let kept = "";
  let left = columns - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

/** A text in lines of at most so many columns, broken at blanks; a longer word is cut. */
export function wrapText(text: string, columns = Infinity, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? indent + word : `${line} ${word}`;
    if (line !== "" && widthOf(longer) > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line = longer;
    }
  }
  return [...lines, line].map((line) => cutText(line, columns));
}

/** Fills a text with blanks to so many columns. */
export function padText(text: string, columns: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - widthOf(text)));
  return align === "left" ? text + blanks : blanks + text;
}
