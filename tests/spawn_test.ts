import { assert, assertEquals, assertThrows } from "@std/assert";
import { check } from "../ffi/check.ts";
import { libc } from "../ffi/libc.ts";
import {
  IpcError,
  IpcLimitError,
  IpcNotFoundError,
  IpcPermissionError,
  Memfd,
  spawn,
  type SpawnOptions,
} from "../mod.ts";
import { children, output, tempFolder, test } from "./_support.ts";

const F_DUPFD = 0;

/** What a shell command prints on descriptor 1 when spawned with these options. */
async function run(script: string, options: SpawnOptions = {}): Promise<string> {
  using folder = tempFolder();
  const file = Deno.openSync(`${folder.path}/out`, { create: true, write: true, read: true });
  file.close();
  const status = await spawn("sh", {
    ...options,
    args: ["-c", `exec >"$0"; ${script}`, `${folder.path}/out`, ...options.args ?? []],
  }).status;
  assertEquals(status, { success: true, code: 0, signal: null });
  return Deno.readTextFileSync(`${folder.path}/out`);
}

/** What a descriptor of this process points at. */
function linkOf(fd: number): string {
  return Deno.readLinkSync(`/proc/self/fd/${fd}`);
}

test("spawn() passes arguments as they are, empty and odd ones too", async () => {
  const args = ["", "two words", "ü\n", "$HOME", "x".repeat(100_000)];
  assertEquals(
    await run(`shift 0; printf '<%s>' "$@"`, { args }),
    args.map((a) => `<${a}>`).join(""),
  );
});

test("spawn() adds to the environment and replaces in it", async () => {
  Deno.env.set("DENO_IPC_TEST_KEPT", "kept");
  Deno.env.set("DENO_IPC_TEST_OLD", "old");
  const env = { DENO_IPC_TEST_OLD: "new=er", DENO_IPC_TEST_ADDED: "" };
  const text = await run("env | grep ^DENO_IPC_TEST | sort", { env });
  Deno.env.delete("DENO_IPC_TEST_KEPT");
  Deno.env.delete("DENO_IPC_TEST_OLD");
  assertEquals(
    text,
    "DENO_IPC_TEST_ADDED=\nDENO_IPC_TEST_KEPT=kept\nDENO_IPC_TEST_OLD=new=er\n",
  );
});

test("spawn() with clearEnv gives the variables of env alone", async () => {
  assertEquals(
    await run("tr '\\0' '\\n' </proc/$$/environ", { env: { A: "1" }, clearEnv: true }),
    "A=1\n",
  );
  assertEquals(await run("tr '\\0' '\\n' </proc/$$/environ", { clearEnv: true }), "");
});

test("spawn() runs in cwd, a path or a file URL", async () => {
  using folder = tempFolder();
  const cwd = `${Deno.realPathSync(folder.path)}/with space`;
  Deno.mkdirSync(cwd);
  assertEquals(await run("pwd", { cwd }), `${cwd}\n`);
  assertEquals(await run("pwd", { cwd: new URL(`file://${encodeURI(cwd)}`) }), `${cwd}\n`);
});

test("spawn() puts descriptors at any numbers, swapped, doubled and 0 as well", async () => {
  using first = Memfd.create("first", { sizeBytes: 1 });
  using second = Memfd.create("second", { sizeBytes: 1 });
  const fds = { [first.fd]: second, [second.fd]: first.fd, 0: first, 60: first };
  const shown = [first.fd, second.fd, 0, 60].map((fd) => `readlink /proc/$$/fd/${fd}`).join(";");
  assertEquals(
    await run(shown, { fds }),
    [second, first, first, first].map(({ fd }) => `${linkOf(fd)}\n`).join(""),
  );
});

test("spawn() gives a descriptor its own number, although it is close-on-exec here", async () => {
  using memory = Memfd.create("same", { sizeBytes: 1 });
  const { fd } = memory;
  assertEquals(await run(`readlink /proc/$$/fd/${fd}`, { fds: { [fd]: fd } }), `${linkOf(fd)}\n`);
});

test("spawn() lets no other descriptor through, not even one without close-on-exec", async () => {
  using memory = Memfd.create("given", { sizeBytes: 1 });
  const low = check(libc().fcntl(memory.fd, F_DUPFD, 3), "fcntl", "duplicate");
  const high = check(libc().fcntl(memory.fd, F_DUPFD, 1000), "fcntl", "duplicate");
  try {
    // The shell's own descriptor of the listing is not there: `echo` lists by itself.
    const open = async (fds: SpawnOptions["fds"] & object): Promise<string> =>
      await run("cd /proc/$$/fd; echo *", { fds });
    assertEquals(await open({}), "0 1 2 3\n".replace(" 3", await ownListing()));
    assertEquals(
      (await open({ 900: memory })).trim().split(" ").filter((fd) => Number(fd) > 10),
      ["900"],
    );
  } finally {
    libc().close(low);
    libc().close(high);
  }
});

/** The descriptor, if any, that a shell holds while it expands `*`. */
async function ownListing(): Promise<string> {
  const clean = await output("env", ["-i", "sh", "-c", "cd /proc/$$/fd; echo *"]);
  return clean.includes(" 3") ? " 3" : "";
}

test("spawn() connects standard descriptors to nothing", async () => {
  const shown = [0, 1, 2].map((fd) => `link=$(readlink /proc/$$/fd/${fd}); echo $link >&3`).join(
    ";",
  );
  using memory = Memfd.create("shown", { sizeBytes: 1 });
  memory.resize(100);
  const child = spawn("sh", {
    args: ["-c", `${shown}; cat; echo lost; echo lost >&2`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    fds: { 3: memory },
  });
  assertEquals((await child.status).code, 0);
  using mapping = memory.map();
  assertEquals(mapping.readString(), "/dev/null\n".repeat(3));
});

test("spawn() blocks the signals it is asked to, and gives SIGPIPE its default back", async () => {
  const masks = "exec grep -E '^Sig(Blk|Ign)' /proc/self/status";
  const bits = (text: string, name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s+(\\w+)$`, "m").exec(text)![1]}`);
  const plain = await run(masks);
  assertEquals(bits(plain, "SigBlk"), 0n);
  assertEquals(bits(plain, "SigIgn") & 1n << 12n, 0n);
  const blocked = await run(masks, { blockedSignals: ["SIGUSR2", 34, "SIGTERM", 64] });
  assertEquals(bits(blocked, "SigBlk"), 1n << 11n | 1n << 33n | 1n << 14n | 1n << 63n);
});

test("spawn() says what is wrong with the program, and leaves no child", () => {
  using folder = tempFolder();
  const script = `${folder.path}/no-program`;
  Deno.writeTextFileSync(script, "echo\n", { mode: 0o755 });
  const before = children();
  const missing = assertThrows(() => spawn("no-such-program"), IpcNotFoundError);
  assertEquals([missing.code, missing.syscall], ["ENOENT", "posix_spawnp"]);
  assertThrows(() => spawn("/etc/passwd"), IpcPermissionError, "permission denied");
  assertThrows(() => spawn(folder.path), IpcPermissionError);
  assertEquals(assertThrows(() => spawn(script), IpcError).code, "ENOEXEC");
  assertThrows(
    () => spawn("true", { cwd: "/no/such/folder" }),
    IpcNotFoundError,
    'there is no folder "/no/such/folder"',
  );
  assertEquals(assertThrows(() => spawn("true", { fds: { 3: 9999 } }), IpcError).code, "EBADF");
  assertEquals(children(), before);
});

test("spawn() refuses wrong arguments before it starts anything", () => {
  const before = children();
  const refused = (options: unknown, ErrorClass: new () => Error, text: string): void => {
    assertThrows(() => spawn("true", options as SpawnOptions), ErrorClass, text);
  };
  assertThrows(() => spawn("a\0b"), TypeError, "NUL");
  refused({ args: ["a\0b"] }, TypeError, "NUL");
  refused({ env: { "": "x" } }, TypeError, "name");
  refused({ env: { "a=b": "x" } }, TypeError, "name");
  refused({ env: { a: "\0" } }, TypeError, "NUL");
  refused({ cwd: 5 }, TypeError, "path");
  refused({ fds: { "-1": 0 } }, RangeError, "fd");
  refused({ fds: { x: 0 } }, RangeError, "fd");
  refused({ fds: { 3: -1 } }, RangeError, "fd");
  refused({ fds: { 3: "1" } }, TypeError, "fd");
  refused({ fds: { 3: null } }, TypeError, "fd");
  refused({ stdin: "piped" }, TypeError, "stdin");
  refused({ stdout: "null", fds: { 1: 1 } }, TypeError, "both stdout and fds[1]");
  refused({ blockedSignals: ["SIGNONE"] }, TypeError, "SIGNONE");
  refused({ blockedSignals: [0] }, RangeError, "signal");
  refused({ blockedSignals: [65] }, RangeError, "signal");
  assertEquals(children(), before);
});

test("spawn() without a descriptor left ends the child it cannot watch", () => {
  const before = children();
  const taken: number[] = [];
  for (let fd; (fd = libc().fcntl(0, F_DUPFD, 0)) !== -1;) taken.push(fd);
  try {
    const error = assertThrows(() => spawn("sleep", { args: ["1000"] }), IpcLimitError);
    assertEquals(error.code, "EMFILE");
    assert(error.message.includes("ulimit -n"), error.message);
  } finally {
    taken.forEach((fd) => libc().close(fd));
  }
  assertEquals(children(), before);
});
