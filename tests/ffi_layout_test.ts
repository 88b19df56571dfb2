/**
 * The tables of `ffi/` against a C compiler, for both architectures: every struct of
 * `layout.ts`, every constant of `constants.ts` and every error number. A program generated
 * from the tables prints what C says; new entries are compared without a change here, unless
 * their header is missing from the list.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "../ffi/errno.ts";
import { LAYOUTS } from "../ffi/layout.ts";
import { compileSource, type Need, output, pathOf, test } from "./_support.ts";

const HEADERS = [
  "dirent.h",
  "errno.h",
  "fcntl.h",
  "grp.h",
  "limits.h",
  "linux/futex.h",
  "linux/io_uring.h",
  "linux/version.h",
  "mqueue.h",
  "poll.h",
  "pthread.h",
  "pwd.h",
  "semaphore.h",
  "signal.h",
  "spawn.h",
  "stddef.h",
  "stdint.h",
  "stdio.h",
  "string.h",
  "sys/epoll.h",
  "sys/eventfd.h",
  "sys/file.h",
  "sys/inotify.h",
  "sys/ioctl.h",
  "sys/ipc.h",
  "sys/mman.h",
  "sys/msg.h",
  "sys/resource.h",
  "sys/sem.h",
  "sys/shm.h",
  "sys/signalfd.h",
  "sys/socket.h",
  "sys/stat.h",
  "sys/statfs.h",
  "sys/syscall.h",
  "sys/sysinfo.h",
  "sys/time.h",
  "sys/timerfd.h",
  "sys/types.h",
  "sys/uio.h",
  "sys/un.h",
  "sys/wait.h",
  "time.h",
  "unistd.h",
];

/** Constants that came with a Linux whose headers may not be installed: compared where they are. */
const SINCE: Record<string, [major: number, minor: number]> = {
  FUTEX2_SIZE_U32: [6, 7],
  IORING_OP_FUTEX_WAIT: [6, 7],
};

const UNKNOWN = "not in these headers";

/** Fields that no header names; `peers/glibc_private.h` finds them. */
const PRIVATE: Record<string, string> = {
  "offsetof(sem_t, value)": "sem_value_offset()",
  "offsetof(sem_t, nwaiters)": "sem_nwaiters_offset()",
  "offsetof(sem_t, private)": "sem_private_offset()",
};

type Arch = keyof typeof LAYOUTS;
type Expected = Record<string, number | bigint>;

const HOST = (await output("uname", ["-m"])).trim();

for (const arch of ["x86_64", "aarch64"] as const) {
  const needs: Need[] = [`${arch}-linux-gnu-gcc`];
  if (arch !== HOST) needs.push(`qemu-${arch}-static`);

  test(`layout.ts has the sizes and offsets of C on ${arch}`, async () => {
    await assertSameInC(arch, layoutOf(arch));
  }, { needs });

  test(`constants.ts has the values of C on ${arch}`, async () => {
    await assertSameInC(arch, await constantsOf(arch));
  }, { needs });

  test(`ERRNO has the numbers of C on ${arch}, and every one that C knows`, async () => {
    await assertSameInC(arch, ERRNO);
    const names = Array.from({ length: 200 }, (_, number) => `strerrorname_np(${number})`);
    const known = (await ask(arch, names)).filter((name) => name !== "(null)" && name !== "0");
    assert(known.length > 130, `C knows ${known.length} error numbers`);
    for (const name of known) assert(name in ERRNO || name === "ENOTSUP", name);
  }, { needs });
}

/** Every entry of a struct table, as a C expression. */
function layoutOf(arch: Arch): Expected {
  const expected: Expected = {};
  for (const [name, fields] of Object.entries<Record<string, number>>(LAYOUTS[arch])) {
    const type = name.endsWith("_t") ? name : `struct ${name}`;
    for (const [field, value] of Object.entries(fields)) {
      expected[field === "size" ? `sizeof(${type})` : `offsetof(${type}, ${field})`] = value;
    }
  }
  return expected;
}

/** The constants as that architecture sees them: a query makes a new instance of the module. */
async function constantsOf(arch: Arch): Promise<Expected> {
  const { build } = Deno;
  Object.defineProperty(Deno, "build", { value: { ...build, arch }, configurable: true });
  try {
    return { ...await import(import.meta.resolve(`../ffi/constants.ts?${arch}`)) };
  } finally {
    Object.defineProperty(Deno, "build", { value: build });
  }
}

async function assertSameInC(arch: Arch, expected: Expected): Promise<void> {
  const expressions = Object.keys(expected);
  assert(expressions.length > 0);
  const said = await ask(arch, expressions);
  const found = Object.fromEntries(expressions.map((name, i) => [name, said[i]]));
  const wanted = Object.entries(expected).map(([name, value]) => [
    name,
    found[name] === UNKNOWN ? UNKNOWN : String(BigInt.asIntN(64, BigInt(value))),
  ]);
  assertEquals(found, Object.fromEntries(wanted));
}

/** What a C compiler says about expressions, one answer each. */
async function ask(arch: Arch, expressions: string[]): Promise<string[]> {
  const source = [
    ...HEADERS.map((header) => `#include <${header}>`),
    `#include "${pathOf("./peers/glibc_private.h")}"`,
    'static inline void number(long long value) { printf("%lld\\n", value); }',
    'static inline void text(const char *value) { printf("%s\\n", value ? value : "(null)"); }',
    "int main(void) {",
    ...expressions.map(statement),
    "}",
  ].join("\n");
  const program = await compileSource(source, `${arch}-linux-gnu-gcc`, ["-static"]);
  const [command = "", ...args] = [...arch === HOST ? [] : [`qemu-${arch}-static`], program];
  return (await output(command, args)).trimEnd().split("\n");
}

function statement(expression: string): string {
  if (expression.startsWith("strerrorname_np")) return `text(${expression});`;
  const print = `number((long long) ${PRIVATE[expression] ?? expression});`;
  const since = SINCE[expression];
  if (since === undefined) return print;
  return `#if LINUX_VERSION_CODE >= KERNEL_VERSION(${since.join()}, 0)
${print}
#else
text("${UNKNOWN}");
#endif`;
}
