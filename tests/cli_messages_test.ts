import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  delimited,
  type Framing,
  framingOf,
  shownMessage,
  splitMessages,
} from "../lib/cli/_messages.ts";
import { UsageError } from "../lib/cli/_options.ts";
import { test } from "./_support.ts";

/** The messages in chunks of text. */
async function split(chunks: string[], framing: Framing): Promise<string[]> {
  const bytes = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  const messages = await Array.fromAsync(splitMessages(bytes, framing));
  return messages.map((message) => new TextDecoder().decode(message));
}

test("splitMessages() finds lines, wherever the chunks end", async () => {
  assertEquals(await split(["one\ntwo\n"], "line"), ["one", "two"]);
  assertEquals(await split(["o", "n", "e\nt", "wo", "\n"], "line"), ["one", "two"]);
  assertEquals(await split(["one", "\n\n", "three"], "line"), ["one", "", "three"]);
  assertEquals(await split(["\n"], "line"), [""]);
  assertEquals(await split([], "line"), []);
});

test("splitMessages() finds NUL bytes, and makes one raw message of everything", async () => {
  assertEquals(await split(["a\nb\0", "c"], "nul"), ["a\nb", "c"]);
  assertEquals(await split(["a\n", "b\0"], "raw"), ["a\nb\0"]);
  assertEquals(await split([], "raw"), [""]);
});

test("splitMessages() yields a message before the next chunk is there", async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("one\ntw");
    await new Promise(() => {}); // for ever
  }
  const messages = splitMessages(chunks(), "line");
  assertEquals(new TextDecoder().decode((await messages.next()).value!), "one");
});

test("splitMessages() yields no half message of a stream that fails", async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode("one\ntw");
    throw new Error("cut off");
  }
  const messages: string[] = [];
  const reading = (async () => {
    for await (const message of splitMessages(chunks(), "line")) {
      messages.push(new TextDecoder().decode(message));
    }
  })();
  await assertRejects(() => reading, Error, "cut off");
  assertEquals(messages, ["one"]);
});

test("delimited() ends a message as it was asked to", () => {
  const message = Uint8Array.of(1, 255);
  assertEquals([...delimited(message, "line")], [1, 255, 10]);
  assertEquals([...delimited(message, "nul")], [1, 255, 0]);
  assertEquals([...delimited(message, "raw")], [1, 255]);
});

test("framingOf() refuses --raw with --null", () => {
  assertEquals(framingOf({ null: false, raw: false }), "line");
  assertEquals(framingOf({ null: true, raw: false }), "nul");
  assertEquals(framingOf({ null: false, raw: true }), "raw");
  assertThrows(() => framingOf({ null: true, raw: true }), UsageError);
});

test("shownMessage() commands no terminal", () => {
  const hostile = new TextEncoder().encode("\x1b]0;owned\x07\u202ea\nb\xff");
  assertEquals(shownMessage(hostile), "\\x1b]0;owned\\x07\\u202ea\\nb\xff");
});
