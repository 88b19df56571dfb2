/**
 * What every test needs: unique names, peers that say READY, a watchdog, and leak checks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { O_CLOEXEC } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { untilOpened } from "../lib/_open_events.ts";
import { readSmallFile } from "../lib/_proc.ts";
import { isQueueFolderMounted } from "../lib/_queue_folder.ts";
import { FdWaits } from "../lib/reactor.ts";
import { atomicWait, mapAnonymous, signals } from "../mod.ts";
import { openFds, openRuntimeFds } from "./_fds.ts";
import { pause } from "./_time.ts";
import { watchFromOutside } from "./_watchdog.ts";

export { openFds };

/** How long a test may take before its watchdog ends it. */
const WATCHDOG_MS = 60_000;
/** How much longer, leak checks included, before its process is killed from outside. */
const GRACE_MS = 30_000;

/** Something that a test needs and a machine may lack. */
export type Need =
  | "bash"
  | "gcc"
  | "prlimit"
  | "python3"
  | "root"
  | "flock"
  | "setpriv"
  | "unshare"
  | "tmux"
  | "script"
  | "ipcs"
  | "lsipc"
  | "ipcmk"
  | "ipcrm"
  | "logger"
  | "ps"
  | "socat"
  | "systemd-notify"
  | "mqueue"
  | `${string}-linux-gnu-gcc`
  | `qemu-${string}-static`;

/** Options of {@link test}. */
export interface TestOptions {
  /** What the machine must have; a test without it is ignored and says so in its name. */
  needs?: Need[];
  /** @default {60_000} */
  watchdogMs?: number;
  /** Why this test cannot run here, if so; shown in its name. */
  ignored?: string | undefined;
}

// The library, the ring, its bell and the pipe of signals are opened once per isolate; not by the
// first test.
libc();
openRuntimeFds();
{
  signals([64], { details: true })[Symbol.dispose]();

  const ends = new Int32Array(2);
  libc().pipe2(ends, O_CLOEXEC);
  await new FdWaits(ends[1]!, "pipe").writable();
  let asked = 0;
  await untilOpened(ends[0]!, () => asked++ > 0, undefined);
  ends.forEach((fd) => libc().close(fd));
  const memory = mapAnonymous(4);
  await atomicWait(new Int32Array(memory.buffer), 0, 0, { signal: AbortSignal.abort() }).catch(
    (reason) => reason,
  );
  const pending = atomicWait(new Int32Array(memory.buffer), 0, 0);
  memory.close();
  await pending.catch((reason) => reason);
}

/**
 * A test that ends by itself, needs what it says, and leaves no descriptor and no IPC object.
 */
export function test(
  name: string,
  run: () => void | Promise<void>,
  { needs = [], watchdogMs = WATCHDOG_MS, ignored = missing(needs) }: TestOptions = {},
): void {
  if (ignored !== undefined) {
    Deno.test.ignore(`${name} [ignored: ${ignored}]`, () => {});
    return;
  }
  Deno.test(name, async () => {
    using _watchdog = watchFromOutside(name, watchdogMs + GRACE_MS);
    const fds = openFds();
    const objects = ipcObjects();
    await withWatchdog(run, watchdogMs);
    assertEquals(await left(openFds, fds), [], "descriptors left open");
    assertEquals(await left(ipcObjects, objects), [], "IPC objects left behind");
  });
}

/** Runs a test file once more, in a process that may not use io_uring. */
export function testWithoutRing(file: string): void {
  const env = { DENO_IPC_IO_URING: "0" };
  if (Deno.env.get("DENO_IPC_IO_URING") === "0") return;
  test("all of this file without io_uring", async () => {
    await output(Deno.execPath(), ["test", "-A", "--no-check", "--quiet", file], { env });
  }, { watchdogMs: 3 * WATCHDOG_MS });
}

/** Why a need is not met here; `undefined` if all are. */
function missing(needs: Need[]): string | undefined {
  for (const need of needs) {
    if (!isMet(need)) return need === "mqueue" ? "needs /dev/mqueue mounted" : `needs ${need}`;
  }
}

function isMet(need: Need): boolean {
  if (need === "root") return Deno.uid() === 0;
  return need === "mqueue" ? isQueueFolderMounted() : hasTool(need);
}

function hasTool(name: string): boolean {
  const { success } = new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).outputSync();
  return success;
}

async function withWatchdog(run: () => void | Promise<void>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const watchdog = setTimeout(() => reject(new Error(`Watchdog: no end after ${ms} ms`)), ms);
  try {
    await Promise.race([run(), promise]);
  } finally {
    clearTimeout(watchdog);
  }
}

/**
 * What is there that was not. What goes a moment later, such as what a Worker had, gets that
 * moment; and what was there may go: it is another program's, or of a test file that has ended.
 */
async function left(read: () => string[], before: string[]): Promise<string[]> {
  for (let tries = 0; tries < 500; tries++) {
    if (added(before, read()).length === 0) break;
    await pause(10);
  }
  return added(before, read());
}

/** What `after` has more often than `before`. */
function added(before: string[], after: string[]): string[] {
  const rest = [...after];
  for (const item of before) {
    const index = rest.indexOf(item);
    if (index !== -1) rest.splice(index, 1);
  }
  return rest;
}

/** Whether this process has a descriptor open. */
export function isFdOpen(fd: number): boolean {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`) !== "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Process ids of this process's children, zombies included. */
export function children(): string[] {
  return [...Deno.readDirSync("/proc/self/task")]
    .flatMap(({ name }) =>
      (readSmallFile(`/proc/self/task/${name}/children`) ?? "").trim().split(" ") // none: it ended
    )
    .filter((pid) => pid !== "")
    .sort();
}

/** Objects that this test run may have left: others use this machine too. */
export function ipcObjects(): string[] {
  const sysv = (["shm", "msg", "sem"] as const).flatMap((kind) =>
    Deno.readTextFileSync(`/proc/sysvipc/${kind}`).trim().split("\n").slice(1)
      .map((row) => row.trim().split(/\s+/))
      // Of segments the kernel tells the creator; one that lives, and is not us, has its own.
      .filter(([, , , , creator]) => kind !== "shm" || !isOtherProcess(Number(creator)))
      .map(([, id]) => `${kind} ${id}`)
  );
  const posix = ["/dev/shm", "/dev/mqueue"].filter(isFolder).flatMap((folder) =>
    [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`)
      .filter((path) => path.includes(OUR_NAMES) || DEMO_NAMES_REGEXP.test(path))
  );
  return [...sysv, ...posix].sort();
}

function isOtherProcess(pid: number): boolean {
  return pid !== Deno.pid && isFolder(`/proc/${pid}`);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false; // not mounted here
    throw error;
  }
}

const OUR_NAMES = `deno-ipc-test-${Deno.pid}-`;
/** Names of this project that no test run has marked as its own. */
const DEMO_NAMES_REGEXP = /deno-ipc-(?!test-)/;

/** A POSIX name that nothing else has. */
export function uniqueName(): string {
  return `/${OUR_NAMES}${crypto.randomUUID()}`;
}

/** A System V key that nothing else has. */
export function uniqueKey(): number {
  return crypto.getRandomValues(new Int32Array(1))[0]! | 1;
}

/** A folder that is removed at the end. */
export function tempFolder(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "deno-ipc-test-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** The path of a file beside the tests. */
export function pathOf(relative: string): string {
  return new URL(relative, import.meta.url).pathname;
}

const binaries = new Map<string, Promise<string>>();
const buildFolder = Deno.makeTempDirSync({ prefix: "deno-ipc-build-" });
addEventListener("unload", () => Deno.removeSync(buildFolder, { recursive: true }));

/**
 * Compiles `tests/peers/NAME.c`, once per run.
 *
 * @returns The path of the program.
 */
export function compilePeer(name: string, compiler = "gcc"): Promise<string> {
  const program = `${buildFolder}/${name.replaceAll("/", "-")}-${compiler}`;
  const built = binaries.get(program) ?? build(pathOf(`./peers/${name}.c`), program, compiler);
  binaries.set(program, built);
  return built;
}

/**
 * Compiles a C program given as text.
 *
 * @returns The path of the program.
 */
export async function compileSource(
  source: string,
  compiler: string,
  flags: string[],
): Promise<string> {
  const program = `${buildFolder}/${crypto.randomUUID()}`;
  await Deno.writeTextFile(`${program}.c`, source);
  return build(`${program}.c`, program, compiler, flags);
}

async function build(
  source: string,
  program: string,
  compiler: string,
  flags: string[] = [],
): Promise<string> {
  await output(compiler, [
    "-O2",
    "-Wall",
    "-Werror",
    "-D_GNU_SOURCE",
    ...flags,
    "-o",
    program,
    source,
    "-lrt",
  ]);
  return program;
}

/** Runs a program to its end and returns what it printed; any failure throws. */
export async function output(
  command: string,
  args: string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
): Promise<string> {
  const { success, stdout, stderr, code, signal } = await new Deno.Command(command, {
    args,
    ...options,
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  const why = new TextDecoder().decode(stderr);
  throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}: ${why}${text}`);
}

/** Runs a TypeScript program with `--allow-ffi` only, plus `flags`; `-A` stands for itself. */
export function denoArgs(script: string, args: string[] = [], flags: string[] = []): string[] {
  const permission = flags.includes("-A") ? [] : ["--allow-ffi"];
  return ["run", "--no-prompt", "--quiet", ...permission, ...flags, script, ...args];
}

/** Where {@link runPeer} runs its peer. */
export interface RunPeerOptions {
  /** What stands before the command, such as `setpriv` and its options. */
  prefix?: string[];
  env?: Record<string, string>;
}

/**
 * Runs `tests/peers/NAME.ts` to its end, with `--allow-ffi` only.
 *
 * @returns What it printed; a crash or an error throws.
 */
export async function runPeer(
  name: string,
  args: string[] = [],
  flags: string[] = [],
  { prefix = [], env = {} }: RunPeerOptions = {},
): Promise<string> {
  const program = denoArgs(pathOf(`./peers/${name}.ts`), args, flags);
  const [command = "", ...rest] = [...prefix, Deno.execPath(), ...program];
  return (await output(command, rest, { env })).trimEnd();
}

/** The signal that ended `tests/peers/NAME.ts`; `null` if it ended by itself. */
export async function signalOf(name: string, args: string[]): Promise<Deno.Signal | null> {
  const program = denoArgs(pathOf(`./peers/${name}.ts`), args);
  const { signal } = await new Deno.Command(Deno.execPath(), {
    args: program,
    stderr: "null",
    stdout: "null",
  }).output();
  return signal;
}

/** What stands before a command, and its environment, to run it as uid 65534; needs root and setpriv. */
export function asNobody(): { prefix: string[]; env: Record<string, string> } & Disposable {
  const folder = tempFolder(); // its own cache: that of root cannot be read
  Deno.chmodSync(folder.path, 0o777);
  return {
    prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    env: { HOME: folder.path, DENO_DIR: folder.path },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** Stands before a command to give it a file system of 64 KiB at a folder; needs root and unshare. */
export function withSmallTmpfs(folder: string): string[] {
  const script = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"';
  return ["unshare", "-m", "sh", "-c", script, folder];
}

/** Stands before a command to give it System V objects and a limit of its own; needs root and unshare. */
export function withSysvLimit(sysctl: string, value: number): string[] {
  const script = 'echo "$1" > "/proc/sys/kernel/$0"; shift; exec "$@"';
  return ["unshare", "-i", "sh", "-c", script, sysctl, String(value)];
}

/** Stands before a command to give it a limit of `ulimit`, such as `-n 40`. */
export function withLimit(limit: string): string[] {
  return ["sh", "-c", `ulimit ${limit}; exec "$@"`, "sh"];
}

/** Another process that says READY when it is, and is killed if it outlives its test. */
export class Peer implements AsyncDisposable {
  /** Starts a program and waits for its line `READY`, which may carry data. */
  static async start(command: string, args: string[], options: {
    env?: Record<string, string>;
  } = {}): Promise<Peer> {
    const peer = new Peer(
      new Deno.Command(command, {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
        ...options,
      }).spawn(),
    );
    const line = await peer.readLine();
    if (!line.startsWith("READY")) throw new Error(`Expected READY from ${command}, got "${line}"`);
    peer.data = line.slice("READY".length).trim();
    return peer;
  }

  /** A peer of `tests/peers/NAME.ts`, with `--allow-ffi` only. */
  static deno(name: string, args: string[] = [], flags: string[] = []): Promise<Peer> {
    return Peer.start(Deno.execPath(), denoArgs(pathOf(`./peers/${name}.ts`), args, flags));
  }

  /** A peer of `tests/peers/NAME.py`. */
  static python(name: string, args: string[] = []): Promise<Peer> {
    return Peer.start("python3", [pathOf(`./peers/${name}.py`), ...args]);
  }

  /** A peer of `tests/peers/NAME.c`. */
  static async c(name: string, args: string[] = []): Promise<Peer> {
    return Peer.start(await compilePeer(name), args);
  }

  /** What followed READY. */
  data = "";
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = child.stdin.getWriter();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** How it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Its next line of output. */
  async readLine(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end !== -1) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`The peer ended; its last words: "${this.#rest}"`);
      this.#rest += value;
    }
  }

  /** Sends it a line. */
  async writeLine(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.#child.status;
    await this.#input.abort().catch((reason) => reason);
    await this.#lines.cancel();
  }
}
