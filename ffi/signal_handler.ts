/**
 * A signal handler in machine code, the one kind that may run at any instant on any thread: a
 * JavaScript callback as a handler crashes (F9), and signalfd sees nothing that another thread
 * has unblocked (F24).
 *
 * It writes the `siginfo_t` it was given into a pipe and goes on to the handler that was there
 * before, such as another isolate's. It calls nothing, uses no stack, and no errno: a raw system
 * call returns its error in a register.
 *
 * @module
 */

import { check, checkReturned } from "./check.ts";
import {
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  SA_ONSTACK,
  SA_RESTART,
  SA_SIGINFO,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
} from "./constants.ts";
import { SIGACTION, SIGSET } from "./layout.ts";
import { libc } from "./libc.ts";
import { mapMemory } from "./memory.ts";
import { toSignalSet } from "./signals.ts";

/** What the code reads and writes, away from its own page, which nobody can write. */
const DATA_BYTES = 16;
const IS_LIVE = 0; // index of a word
const LOST = 1; // index of a word
const NEXT = 1; // index of a double word

/** An instruction in assembly language, and its bytes. */
type Instruction = readonly [assembly: string, ...code: number[]];

/**
 * The handler, instruction by instruction; its entry is the second. A test assembles the same text and compares, and
 * runs the bytes of both architectures.
 *
 * @param fd Where the handler writes; non-blocking, and open for ever.
 * @param data Address of its data.
 */
export const HANDLERS: Readonly<
  Record<"x86_64" | "aarch64", (fd: number, data: bigint) => readonly Instruction[]>
> = {
  // edi: signal, rsi: siginfo, rdx: context. A system call changes rax, rcx and r11 alone.
  x86_64: (fd, data) => [
    ["   ret", 0xc3], // where next leads if there was no handler before
    ["   movabs $data, %r8", 0x49, 0xb8, ...bytes(data, 8)],
    ["   cmpl $0, 0(%r8)", 0x41, 0x83, 0x38, 0x00], // isLive
    ["   je 1f", 0x74, 0x26],
    ["   mov %edi, %r9d", 0x41, 0x89, 0xf9],
    ["   mov %rdx, %r10", 0x49, 0x89, 0xd2],
    ["   mov $fd, %edi", 0xbf, ...bytes(fd, 4)],
    ["   mov $128, %edx", 0xba, 0x80, 0x00, 0x00, 0x00], // sizeof(siginfo_t)
    ["   mov $1, %eax", 0xb8, 0x01, 0x00, 0x00, 0x00], // SYS_write
    ["   syscall", 0x0f, 0x05],
    ["   mov %r9d, %edi", 0x44, 0x89, 0xcf],
    ["   mov %r10, %rdx", 0x4c, 0x89, 0xd2],
    ["   test %eax, %eax", 0x85, 0xc0],
    ["   jns 1f", 0x79, 0x05],
    ["   lock incl 4(%r8)", 0xf0, 0x41, 0xff, 0x40, 0x04], // lost
    ["1: jmp *8(%r8)", 0x41, 0xff, 0x60, 0x08], // next
  ],
  // w0: signal, x1: siginfo, x2: context. A system call changes x0 alone.
  aarch64: (fd, data) => [
    ["   ret", ...bytes(0xd65f03c0, 4)], // where next leads if there was no handler before
    ["   ldr x9, 3f", ...bytes(0x580002a9, 4)],
    ["   ldr w10, [x9, #0]", ...bytes(0xb940012a, 4)], // isLive
    ["   cbz w10, 2f", ...bytes(0x3400020a, 4)],
    ["   mov w10, w0", ...bytes(0x2a0003ea, 4)],
    ["   mov x11, x2", ...bytes(0xaa0203eb, 4)],
    ["   ldr w0, 4f", ...bytes(0x18000240, 4)],
    ["   mov x2, #128", ...bytes(0xd2801002, 4)], // sizeof(siginfo_t)
    ["   mov x8, #64", ...bytes(0xd2800808, 4)], // SYS_write
    ["   svc #0", ...bytes(0xd4000001, 4)],
    ["   mov x12, x0", ...bytes(0xaa0003ec, 4)],
    ["   mov w0, w10", ...bytes(0x2a0a03e0, 4)],
    ["   mov x2, x11", ...bytes(0xaa0b03e2, 4)],
    ["   tbz x12, #63, 2f", ...bytes(0xb6f800cc, 4)],
    ["   add x10, x9, #4", ...bytes(0x9100112a, 4)], // lost
    ["1: ldxr w11, [x10]", ...bytes(0x885f7d4b, 4)],
    ["   add w11, w11, #1", ...bytes(0x1100056b, 4)],
    ["   stxr w12, w11, [x10]", ...bytes(0x880c7d4b, 4)],
    ["   cbnz w12, 1b", ...bytes(0x35ffffac, 4)],
    ["2: ldr x10, [x9, #8]", ...bytes(0xf940052a, 4)], // next
    ["   br x10", ...bytes(0xd61f0140, 4)],
    ["   nop", ...bytes(0xd503201f, 4)], // the constants are aligned
    ["3: .quad data", ...bytes(data, 8)],
    ["4: .word fd", ...bytes(fd, 4)],
  ],
};

/** The bytes of a number, the lowest first. */
function bytes(value: number | bigint, count: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return [...new Uint8Array(view.buffer, 0, count)];
}

/**
 * The handler of one signal. Its memory is never given back: another thread may be running it,
 * and a handler that was installed over it may still go on to it.
 */
export class SignalHandler {
  readonly #signal: number;
  readonly #entry: bigint;
  readonly #return: bigint;
  readonly #words: Int32Array;
  readonly #next: BigUint64Array;
  readonly #before = new DataView(new ArrayBuffer(SIGACTION.size));

  /**
   * Makes the handler; nothing is installed yet.
   *
   * @param fd Where it writes; non-blocking, and open for ever.
   */
  constructor(signal: number, fd: number) {
    this.#signal = signal;
    const data = mapPage(DATA_BYTES);
    const view = viewForEver(data, DATA_BYTES);
    this.#words = new Int32Array(view);
    this.#next = new BigUint64Array(view);
    const instructions = HANDLERS[Deno.build.arch](fd, data).map(([_, ...code]) => code);
    this.#return = mapCode(new Uint8Array(instructions.flat()));
    this.#entry = this.#return + BigInt(instructions[0]!.length);
  }

  /**
   * `sigaction(2)`: installs it in front of what is there. Calls that the kernel can restart
   * after a signal are, as with Deno's own handlers (F9). No other signal interrupts it: three
   * frames of signals, of 3.4 KB each with AVX-512, do not fit on the stack for signals that
   * threads of Rust have.
   *
   * @param passOver Address of a handler that it does not go on to.
   */
  install(passOver: bigint | undefined, action: string): void {
    const next = (): void => {
      const handler = handlerIn(this.#before);
      const isCalled = handler !== SIG_DFL && handler !== SIG_IGN && handler !== passOver;
      Atomics.store(this.#next, NEXT, isCalled ? handler : this.#return);
    };
    sigaction(this.#signal, null, this.#before, action);
    next(); // a signal may come before the next call returns
    Atomics.store(this.#words, IS_LIVE, 1);
    const ours = new DataView(new ArrayBuffer(SIGACTION.size));
    new Uint8Array(ours.buffer, SIGACTION.sa_mask, SIGSET.size).fill(0xff);
    ours.setBigUint64(SIGACTION.sa_handler, this.#entry, true);
    ours.setInt32(SIGACTION.sa_flags, SA_SIGINFO | SA_RESTART | SA_ONSTACK, true);
    sigaction(this.#signal, ours, this.#before, action);
    next(); // another isolate may have been quicker
  }

  /**
   * Restores what was there before, for signals sent from now on. If somebody else has installed
   * a handler since, that one stays, and may go on to this one, which goes on without writing.
   *
   * @returns Whether this one is out of the way, and may be installed again.
   */
  remove(action: string): boolean {
    runPending(this.#signal, action);
    const isOnTop = handlerOf(this.#signal, action) === this.#entry;
    if (isOnTop) sigaction(this.#signal, this.#before, null, action);
    Atomics.store(this.#words, IS_LIVE, 0);
    return isOnTop;
  }

  /** How many signals found the pipe full since the last call. */
  takeLost(): number {
    return Atomics.exchange(this.#words, LOST, 0);
  }
}

/**
 * Runs the handler of a signal, on this thread, if one was sent and nobody has taken it yet: the
 * kernel may have told a thread that gets no processor before the handler is gone.
 */
export function runPending(signal: number, action: string): void {
  const before = new DataView(new ArrayBuffer(SIGSET.size));
  const block = libc().pthread_sigmask(SIG_BLOCK, toSignalSet([signal]), before);
  checkReturned(block, "pthread_sigmask", action);
  // A thread looks for what the process has pending when its mask changes.
  checkReturned(libc().pthread_sigmask(SIG_SETMASK, before, null), "pthread_sigmask", action);
}

/** The address of the handler that a signal has now. */
export function handlerOf(signal: number, action: string): bigint {
  const now = new DataView(new ArrayBuffer(SIGACTION.size));
  sigaction(signal, null, now, action);
  return handlerIn(now);
}

function handlerIn(action: DataView): bigint {
  return action.getBigUint64(SIGACTION.sa_handler, true);
}

type Sigaction = DataView<ArrayBuffer> | null;

function sigaction(signal: number, ours: Sigaction, before: Sigaction, action: string): void {
  check(libc().sigaction(signal, ours, before), "sigaction", action);
}

/** A page of zeros. */
function mapPage(sizeBytes: number): bigint {
  return mapMemory({
    lengthBytes: BigInt(sizeBytes),
    protection: PROT_READ | PROT_WRITE,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    fd: -1,
    offsetBytes: 0n,
  }, "map a signal handler");
}

/** Writable, then executable, never both. The kernel makes caches agree when it changes. */
function mapCode(code: Uint8Array): bigint {
  const address = mapPage(code.length);
  new Uint8Array(viewForEver(address, code.length)).set(code);
  const protection = PROT_READ | PROT_EXEC;
  const result = libc().mprotect(address, BigInt(code.length), protection);
  check(result, "mprotect", "map a signal handler");
  return address;
}

function viewForEver(address: bigint, sizeBytes: number): ArrayBuffer {
  // SAFETY: the kernel just gave us the page, and nobody ever gives it back.
  return Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, sizeBytes);
}
