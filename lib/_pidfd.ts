/**
 * A descriptor that stands for a process: readable when it has ended, immune to pid reuse.
 *
 * @module
 */

import { check, type Explain, retryOnEintr, throwErrno } from "../ffi/check.ts";
import {
  P_PID,
  P_PIDFD,
  SYS_pidfd_open,
  SYS_pidfd_send_signal,
  WEXITED,
  WNOHANG,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { SIGINFO } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { SIGNALS } from "../ffi/signals.ts";
import { explainLimit } from "./_limits.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";

/** What `waitid(2)` tells about a child. */
export interface ChildChange {
  /** CLD_EXITED, CLD_KILLED, CLD_STOPPED, ... */
  code: number;
  /** The exit status, or the signal. */
  status: number;
}

/** `pidfd_open(2)`, close-on-exec by definition. */
export function openPidfd(pid: number, action: string): OwnedFd {
  const fd = libc().pidfd_open(SYS_pidfd_open, pid, 0);
  return ownFd(check(fd, "pidfd_open", action, explainLimit), "process");
}

/** Kills a child that has no descriptor, and waits for its end. */
export function killChild(pid: number): void {
  libc().kill(pid, SIGNALS.SIGKILL);
  const info = new Uint8Array(SIGINFO.size);
  retryOnEintr(() => libc().waitid(P_PID, pid, info, WEXITED));
}

/** `pidfd_send_signal(2)` */
export function signalPidfd(
  pidfd: number,
  signal: number,
  action: string,
  explain?: Explain,
): void {
  const result = libc().pidfd_send_signal(SYS_pidfd_send_signal, pidfd, signal, 0n, 0);
  check(result, "pidfd_send_signal", action, explain);
}

/**
 * `waitid(P_PIDFD)`: takes a change of this child alone, without waiting.
 *
 * @param changes WEXITED, WSTOPPED, WCONTINUED.
 * @returns The change, or `undefined` if there is none now.
 */
export function takeChange(pidfd: number, changes: number): ChildChange | undefined {
  const info = new DataView(new ArrayBuffer(SIGINFO.size));
  const result = libc().waitid(P_PIDFD, pidfd, info, changes | WNOHANG);
  if (result === -1) {
    if (errno() === ERRNO.ECHILD && (changes & WEXITED) === 0) return undefined; // it has ended
    throwErrno("waitid", "wait for child process");
  }
  if (info.getInt32(SIGINFO.si_pid, true) === 0) return undefined;
  return {
    code: info.getInt32(SIGINFO.si_code, true),
    status: info.getInt32(SIGINFO.si_status, true),
  };
}
