/**
 * Signals as records that the kernel, or a handler, puts into a descriptor.
 *
 * @module
 */

import { SI_SIGIO, SI_TIMER } from "../ffi/constants.ts";
import type { IpcError } from "../ffi/errors.ts";
import { SIGINFO, SIGNALFD_SIGINFO } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { SIGNALS } from "../ffi/signals.ts";
import { signalName } from "./_signals.ts";
import { FdWaits } from "./reactor.ts";

/** A signal that came. */
export interface ReceivedSignal {
  /** Its name; a real-time one is `"SIGRTMIN+n"`. */
  signal: string;
}

/** A signal that came, who sent it, and what it carries. */
export interface SignalDetails extends ReceivedSignal {
  /** The process that sent it, or the child that SIGCHLD is about; 0 if it was the kernel. */
  pid: number;
  /** The real user of that process; 0 if it was the kernel. */
  uid: number;
  /** The number it was queued with; 0 if it carries none. */
  value: number;
  /** Why it was sent, the `si_code` of C: 0 by `kill`, -1 by `sigqueue`, 128 by the kernel, ... */
  code: number;
}

/** Who wants to hear of signals. */
export interface SignalListener<T extends ReceivedSignal> {
  hear(signal: T): void;
  /** Nothing more will come, and why. */
  fail(reason: unknown): void;
}

/** One who listens to one signal, from now on. */
export interface Subscription extends Disposable {
  /** Keeps the process alive. */
  ref(): void;
  /** Takes back `ref()`. */
  unref(): void;
}

/** Where the fields of a record are. */
export interface RecordLayout {
  readonly signal: number;
  readonly code: number;
  readonly pid: number;
  readonly uid: number;
  readonly value: number;
}

/** What a handler is given. */
export const SIGINFO_RECORD: RecordLayout = {
  signal: SIGINFO.si_signo,
  code: SIGINFO.si_code,
  pid: SIGINFO.si_pid,
  uid: SIGINFO.si_uid,
  value: SIGINFO.si_value,
};

/** What a signalfd gives. */
export const SIGNALFD_RECORD: RecordLayout = {
  signal: SIGNALFD_SIGINFO.ssi_signo,
  code: SIGNALFD_SIGINFO.ssi_code,
  pid: SIGNALFD_SIGINFO.ssi_pid,
  uid: SIGNALFD_SIGINFO.ssi_uid,
  value: SIGNALFD_SIGINFO.ssi_int,
};

/** Bytes of a record: the two structs have the same size. */
export const RECORD_BYTES = SIGINFO.size;

const BUFFER_BYTES = RECORD_BYTES * 512;

/** Where the signals of a {@link SignalReader} come from. */
export interface SignalOrigin {
  /** Non-blocking, and open for ever. */
  readonly fd: number;
  readonly layout: RecordLayout;
  /** Makes a signal go into the descriptor. */
  attach(signal: number): void;
  /** Takes that back. */
  detach(signal: number): void;
  /** Waits until what was sent before is in the descriptor. */
  settle(signal: number): void;
  /** What to say if some of a signal could not be put into the descriptor since the last call. */
  lossOf(signal: number): IpcError | undefined;
  /** Called for each signal, before those who listen hear of it. */
  onSignal?(signal: number): void;
}

/** Reads the signals of one descriptor, and tells each to all who listen to its number. */
export class SignalReader {
  readonly #origin: SignalOrigin;
  readonly #records = new DataView(new ArrayBuffer(BUFFER_BYTES));
  readonly #listeners = new Map<number, Set<SignalListener<SignalDetails>>>();
  #waits: FdWaits | undefined;
  #refs = 0;

  constructor(origin: SignalOrigin) {
    this.#origin = origin;
  }

  /** Listens to a signal. */
  add(signal: number, listener: SignalListener<SignalDetails>): void {
    const listeners = this.#listeners.get(signal);
    if (listeners !== undefined) {
      listeners.add(listener);
      return;
    }
    this.#origin.attach(signal);
    this.#listeners.set(signal, new Set([listener]));
    if (this.#waits === undefined) this.#read(this.#waits = this.#openWaits());
  }

  /** Takes back one `add()`. */
  delete(signal: number, listener: SignalListener<SignalDetails>): void {
    const listeners = this.#listeners.get(signal)!;
    listeners.delete(listener);
    if (listeners.size > 0) return;
    this.#origin.detach(signal);
    this.#drain(); // what came for nobody is not for whoever listens next
    this.#listeners.delete(signal);
    if (this.#listeners.size > 0) return;
    this.#waits?.close();
    this.#waits = undefined;
  }

  /** Tells what was sent until now. */
  catchUp(): void {
    for (const signal of this.#listeners.keys()) this.#origin.settle(signal);
    this.#drain();
  }

  /** Keeps the process alive; counted. */
  ref(): void {
    if (this.#refs++ === 0) this.#waits?.ref();
  }

  /** Takes back one `ref()`. */
  unref(): void {
    if (--this.#refs === 0) this.#waits?.unref();
  }

  #openWaits(): FdWaits {
    const waits = new FdWaits(this.#origin.fd, "signals");
    if (this.#refs === 0) waits.unref();
    return waits;
  }

  async #read(waits: FdWaits): Promise<void> {
    try {
      for (;;) {
        await waits.readable();
        this.#drain();
      }
    } catch (error) {
      if (waits === this.#waits) this.#failAll(error);
    }
  }

  #drain(): void {
    const { fd } = this.#origin;
    let count: number;
    do {
      count = Number(libc().read(fd, this.#records, BigInt(BUFFER_BYTES)));
      for (let at = 0; at < count; at += RECORD_BYTES) this.#tell(at);
    } while (count === BUFFER_BYTES);
    for (const [signal, listeners] of this.#listeners) {
      const loss = this.#origin.lossOf(signal);
      if (loss !== undefined) { for (const listener of listeners) listener.fail(loss); }
    }
  }

  #tell(at: number): void {
    const { layout } = this.#origin;
    const field = (offset: number): number => this.#records.getInt32(at + offset, true);
    const signal = field(layout.signal);
    const code = field(layout.code);
    const isSent = hasSender(signal, code);
    const details = {
      signal: signalName(signal),
      pid: isSent ? field(layout.pid) : 0,
      uid: isSent ? field(layout.uid) >>> 0 : 0,
      value: hasValue(code) ? field(layout.value) : 0,
      code,
    };
    this.#origin.onSignal?.(signal);
    for (const listener of this.#listeners.get(signal) ?? []) listener.hear(details);
  }

  #failAll(reason: unknown): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener.fail(reason);
    }
  }
}

// Which of its fields a record has depends on the code, as in siginfo_layout() of the kernel.

function hasSender(signal: number, code: number): boolean {
  if (code > 0) return signal === SIGNALS.SIGCHLD;
  return code !== SI_TIMER && code !== SI_SIGIO;
}

function hasValue(code: number): boolean {
  return code < 0 && code !== SI_SIGIO;
}
