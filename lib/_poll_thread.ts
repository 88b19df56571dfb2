/**
 * Readiness where io_uring is forbidden: one pool thread in `epoll_wait(2)` for all
 * descriptors together (F18), parked only while something waits. That of a Worker which is ended
 * while something waits stays, as any parked call does (F19).
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLONESHOT,
  POLLIN,
  POLLOUT,
} from "../ffi/constants.ts";
import { EPOLL_EVENT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeAtThreadExit } from "../ffi/thread_exit.ts";
import { closeFd } from "./_files.ts";
import { explainLimit, sysctlText } from "./_limits.ts";
import type { Poll, Polls, Watch } from "./_polls.ts";

const EVENTS_PER_CALL = 64;
/** How often to look while no wait may keep the process alive, as a parked call would (F18). */
const LOOK_MS = 10;
/** Where the upper half of `epoll_data` begins; the lower one is the descriptor. */
const GENERATION = 4;

/** A registered descriptor. */
interface Target {
  /** Comes back with its events: one of a number that was closed and used again is not for it. */
  readonly generation: number;
  readonly watches: Set<Watch>;
  /** What the kernel was told to look for; may be more than anybody waits for still. */
  armed: number;
}

/** One registration per descriptor, armed for all that is waited for on it. */
export class PollThread implements Polls {
  /** @throws {IpcLimitError} If the process has too many open files. */
  static open(): PollThread {
    using opened = new DisposableStack();
    const open = (fd: number, syscall: string): number =>
      opened.adopt(check(fd, syscall, "wait", explain), closeFd);
    const epoll = open(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    const alarm = open(libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    const thread = new PollThread(epoll, alarm);
    opened.move();
    return thread;
  }

  readonly #epoll: number;
  /** Ends a parked call. */
  readonly #alarm: number;
  readonly #count = new BigUint64Array([1n]);
  readonly #event = new DataView(new ArrayBuffer(EPOLL_EVENT.size));
  readonly #events = new DataView(new ArrayBuffer(EPOLL_EVENT.size * EVENTS_PER_CALL));
  readonly #targets = new Map<number, Target>();
  #generation = 0;
  #refs = 0;
  #isRunning = false;
  /** Makes the loop count its waits again. */
  #interrupt: (() => void) | undefined;

  private constructor(epoll: number, alarm: number) {
    this.#epoll = epoll;
    this.#alarm = alarm;
    check(this.#control(EPOLL_CTL_ADD, this.#alarm, EPOLLIN, 0), "epoll_ctl", "wait", explain);
    for (const fd of [epoll, alarm]) closeAtThreadExit(fd);
  }

  start(watch: Watch): Poll {
    const known = this.#targets.get(watch.fd);
    const target = known ?? this.#newTarget();
    if ((target.armed | watch.events) !== target.armed) {
      const operation = known === undefined ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
      const armed = target.armed | watch.events;
      const result = this.#control(operation, watch.fd, armed, target.generation);
      check(result, "epoll_ctl", "wait", explain);
      target.armed = armed;
    }
    this.#targets.set(watch.fd, target);
    target.watches.add(watch);
    this.#run();
    return { stop: () => this.#stop(watch, target) };
  }

  ref(): void {
    if (this.#refs++ === 0) this.#interrupt?.();
  }

  unref(): void {
    if (--this.#refs === 0) this.#interrupt?.();
  }

  #newTarget(): Target {
    this.#generation = this.#generation + 1 | 0;
    return { generation: this.#generation, watches: new Set(), armed: EPOLLONESHOT };
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await undefined; // until the caller of `start()` has said whether it keeps the process
    while (this.#targets.size > 0) {
      const count = this.#refs > 0 ? await this.#park() : await this.#look();
      for (let i = 0; i < count; i++) this.#dispatch(i * EPOLL_EVENT.size);
    }
    this.#isRunning = false;
  }

  async #park(): Promise<number> {
    this.#interrupt = () => libc().write(this.#alarm, this.#count, 8n);
    const count = await libc().epollWaitParked(this.#epoll, this.#events, EVENTS_PER_CALL, -1);
    this.#interrupt = undefined;
    return count;
  }

  async #look(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOOK_MS);
    Deno.unrefTimer(timer);
    this.#interrupt = resolve;
    await promise;
    this.#interrupt = undefined;
    clearTimeout(timer);
    return libc().epoll_wait(this.#epoll, this.#events, EVENTS_PER_CALL, 0);
  }

  #dispatch(offset: number): void {
    const fd = this.#events.getInt32(offset + EPOLL_EVENT.data, true);
    const generation = this.#events.getInt32(offset + EPOLL_EVENT.data + GENERATION, true);
    const happened = this.#events.getUint32(offset + EPOLL_EVENT.events, true);
    if (fd === this.#alarm) {
      libc().read(fd, new BigUint64Array(1), 8n);
      return;
    }
    const target = this.#targets.get(fd);
    if (target?.generation !== generation) return;
    // A hang-up or an error is news for whoever waits for anything.
    const isOver = (happened & ~(POLLIN | POLLOUT)) !== 0;
    const told = [...target.watches].filter(({ events }) => isOver || (events & happened) !== 0);
    for (const watch of told) target.watches.delete(watch);
    this.#rearm(fd, target);
    for (const watch of told) watch.ready();
  }

  /** Arms a descriptor, after an event, for those that still wait on it. */
  #rearm(fd: number, target: Target): void {
    target.armed = EPOLLONESHOT;
    for (const { events } of target.watches) target.armed |= events;
    if (target.watches.size > 0) this.#control(EPOLL_CTL_MOD, fd, target.armed, target.generation);
    else this.#forget(fd);
  }

  #stop(watch: Watch, target: Target): void {
    if (target.watches.delete(watch) && target.watches.size === 0) this.#forget(watch.fd);
  }

  #forget(fd: number): void {
    this.#targets.delete(fd);
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  #control(operation: number, fd: number, events: number, generation: number): number {
    this.#event.setUint32(EPOLL_EVENT.events, events, true);
    this.#event.setInt32(EPOLL_EVENT.data, fd, true);
    this.#event.setInt32(EPOLL_EVENT.data + GENERATION, generation, true);
    return libc().epoll_ctl(this.#epoll, operation, fd, this.#event);
  }
}

function explain(code: string): string | undefined {
  return code === "ENOSPC" ? sysctlText("fs.epoll.max_user_watches") : explainLimit(code);
}
