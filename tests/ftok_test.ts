import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ftok, IpcError, IpcNotFoundError } from "../mod.ts";
import { compilePeer, output, tempFolder, test } from "./_support.ts";

test("ftok() gives the key that C gives, negative ones included", async () => {
  using folder = tempFolder();
  const program = await compilePeer("ftok");
  for (const path of [folder.path, "/", "/dev/null"]) {
    for (const projectId of [1, 127, 128, 255]) {
      const key = Number(await output(program, [path, String(projectId)]));
      assertEquals(ftok(path, projectId), key);
      assertEquals(ftok(new URL(`file://${path}`), projectId), key);
      assertEquals(key < 0, projectId > 127);
    }
  }
}, { needs: ["gcc"] });

test("ftok() tells project ids and files apart", () => {
  using folder = tempFolder();
  const [one, other] = [`${folder.path}/one`, `${folder.path}/other`];
  for (const path of [one, other]) Deno.writeTextFileSync(path, "");
  assertEquals(ftok(one, 1), ftok(one, 1));
  assertNotEquals(ftok(one, 1), ftok(one, 2));
  assertNotEquals(ftok(one, 1), ftok(other, 1));
});

test("ftok() of a file that is not there is an error, whatever errno was before", () => {
  using folder = tempFolder();
  const path = `${folder.path}/missing`;
  for (let i = 0; i < 3; i++) {
    const error = assertThrows(
      () => ftok(path, 1),
      IpcNotFoundError,
      `Cannot make a key from "${path}": no such file or directory (ftok: ENOENT)`,
    );
    assertEquals([error.code, error.syscall], ["ENOENT", "ftok"]);
    assert(ftok(folder.path, 1) !== -1);
  }
  Deno.writeTextFileSync(path, "");
  assertEquals(assertThrows(() => ftok(`${path}/deeper`, 1), IpcError).code, "ENOTDIR");
});

test("ftok() refuses what is no project id and no path", () => {
  for (const projectId of [0, -1, 256, 1.5, NaN]) {
    assertThrows(
      () => ftok("/", projectId),
      RangeError,
      `Cannot make a key from "/": projectId must be an integer from 1 to 255, received ${projectId}`,
    );
  }
  assertThrows(() => ftok("/", "A" as unknown as number), TypeError, "projectId must be a number");
  assertThrows(() => ftok("/\0", 1), TypeError, "NUL");
  assertThrows(() => ftok(new URL("http://localhost/"), 1), TypeError, "file URL");
});
