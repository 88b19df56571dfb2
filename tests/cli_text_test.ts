import { assertEquals } from "@std/assert";
import { printJson } from "../lib/cli/_output.ts";
import { cutText, escapeText, padText, widthOf, wrapText } from "../lib/cli/_text.ts";
import { captured } from "./_captured.ts";
import { test } from "./_support.ts";

test("escapeText() leaves nothing that a terminal obeys", () => {
  assertEquals(escapeText("/a\nb\r\t\x1b[31m\x7f\x9b2J"), "/a\\nb\\r\\t\\x1b[31m\\x7f\\x9b2J");
  assertEquals(escapeText("/gnp\u202e.exe\u2066\u2028"), "/gnp\\u202e.exe\\u2066\\u2028");
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join("");
  assertEquals(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.exec(escapeText(all)), null);
});

test("escapeText() keeps two names apart", () => {
  assertEquals(escapeText("a\\nb"), "a\\\\nb");
  assertEquals(escapeText("a\nb"), "a\\nb");
});

test("escapeText() leaves letters of every script alone", () => {
  for (const text of ["/naïve", "/cafe\u0301", "/日本語", "/עברית", "/👩‍👩‍👧"]) {
    assertEquals(escapeText(text), text);
  }
});

test("printJson() leaves nothing that a terminal obeys, and every value as it is", async () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join("");
  const value = { [all]: [all, "/a\\u009b\n\x9b2J\u202e", { n: 1 }] };
  const { stdout } = await captured(() => (printJson(value), 0));
  assertEquals(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/u.exec(stdout), null);
  assertEquals(JSON.parse(stdout), value);
});

test("widthOf() counts columns, not characters", () => {
  assertEquals(["abc", "日本", "e\u0301", ""].map(widthOf), [3, 4, 1, 0]);
});

test("cutText() ends in an ellipsis exactly if it cut", () => {
  assertEquals(cutText("abcdef", 6), "abcdef");
  assertEquals(cutText("abcdef", 5), "abcd…");
  assertEquals(cutText("abcdef", 1), "…");
  assertEquals(cutText("abcdef", 0), "");
});

test("cutText() splits no character and never exceeds its columns", () => {
  assertEquals(cutText("日本語", 5), "日本…");
  assertEquals(cutText("日本語", 4), "日…");
  assertEquals(cutText("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  for (const text of ["日本語です", "a日b本c", "e\u0301日👩‍👩‍👧x", "\u0301\u0301abc"]) {
    for (let columns = 0; columns <= 12; columns++) {
      const cut = cutText(text, columns);
      assertEquals(widthOf(cut) <= columns, true, `${text} in ${columns}: ${cut}`);
    }
  }
});

test("padText() fills by width", () => {
  assertEquals(padText("日本", 6), "日本  ");
  assertEquals(padText("7", 3, "right"), "  7");
  assertEquals(padText("abc", 2), "abc");
});

test("wrapText() breaks at blanks, and cuts what has none", () => {
  assertEquals(wrapText("one two three", 7), ["one two", "three"]);
  assertEquals(wrapText("one two three", 8, "  "), ["  one", "  two", "  three"]);
  assertEquals(wrapText("a verylongword b", 6), ["a", "veryl…", "b"]);
  assertEquals(wrapText("日本語 日本", 6), ["日本語", "日本"]);
  assertEquals(wrapText("as it is"), ["as it is"]);
});
