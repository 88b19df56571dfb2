import { assertEquals } from "@std/assert";
import { findGroupName, findUserId, findUserName } from "../ffi/users.ts";
import { groupName, userName } from "../lib/_users.ts";
import { output, test } from "./_support.ts";

/** What no system gives to anybody. */
const NOBODY = 3_999_999_999;

test("findUserName() and findGroupName() know what id(1) knows, and say so of what nobody is", async () => {
  const [uid, gid] = [Deno.uid()!, Deno.gid()!];
  assertEquals(findUserName(uid), (await output("id", ["-un"])).trim());
  assertEquals(findGroupName(gid), (await output("id", ["-gn"])).trim());
  assertEquals([findUserName(NOBODY), findGroupName(NOBODY)], [undefined, undefined]);
});

test("findUserId() finds a user by the name, and none by another", () => {
  assertEquals(findUserId(findUserName(Deno.uid()!)!), Deno.uid());
  assertEquals(findUserId("no such user"), undefined);
});

test("userName() and groupName() fall back on the number, each time", () => {
  for (let round = 0; round < 2; round++) {
    assertEquals(userName(Deno.uid()!), findUserName(Deno.uid()!));
    assertEquals([userName(NOBODY), groupName(NOBODY)], [String(NOBODY), String(NOBODY)]);
  }
});
