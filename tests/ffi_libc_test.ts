import { assertEquals, assertThrows } from "@std/assert";
import { IpcUnsupportedError } from "../ffi/errors.ts";
import { assertSupported } from "../ffi/libc.ts";
import { output, pathOf, test } from "./_support.ts";

const REFUSED =
  "NotCapable: Cannot call the C library: run Deno again with the --allow-ffi flag, without a path";

/** Runs a peer without any permission but those given. */
async function runWith(flags: string[], peer: string, args: string[] = []): Promise<string> {
  const script = pathOf(`./peers/${peer}.ts`);
  const said = await output(Deno.execPath(), [
    "run",
    "--no-prompt",
    "--quiet",
    ...flags,
    script,
    ...args,
  ]);
  return said.trim();
}

test("assertSupported() names a platform that is not supported", () => {
  assertSupported("linux", "x86_64");
  assertSupported("linux", "aarch64");
  for (const [os, arch] of [["darwin", "aarch64"], ["windows", "x86_64"], ["linux", "riscv64"]]) {
    const error = assertThrows(
      () => assertSupported(os!, arch!),
      IpcUnsupportedError,
      `Cannot use deno-ipc on ${os} ${arch}: it needs Linux on x86_64 or aarch64`,
    );
    assertEquals([error.code, error.errno, error.syscall], ["ENOSYS", 0, ""]);
  }
});

test("importing every entry point opens nothing and asks for nothing", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(pathOf("../deno.json")));
  const doors = Object.values<string>(exports).map((door) => import.meta.resolve(`../${door}`));
  assertEquals(
    JSON.parse(await runWith([`--allow-read=${pathOf("../")}`], "import_doors", doors)),
    { opened: 0, before: "prompt", after: "prompt" },
  );
});

test("the first use without --allow-ffi throws NotCapable and names the flag", async () => {
  assertEquals(await runWith([], "first_use"), REFUSED);
});

test("--allow-ffi is all that a use needs", async () => {
  assertEquals(await runWith(["--allow-ffi"], "first_use"), "used 7");
});

test("a grant for one path does not suffice: Deno then allows no look at memory", async () => {
  for (const library of ["libc.so.6", `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`]) {
    assertEquals(await runWith([`--allow-ffi=${library}`], "first_use"), REFUSED);
  }
});
