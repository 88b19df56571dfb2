/**
 * The one symbol table: every C function that the library calls, with its prototype.
 *
 * Widths are C's own (F2): `size_t` = usize, `ssize_t` = isize, `off_t` = i64, `mode_t` = u32.
 * A 64-bit result known to be small is read as i32, which spares a BigInt. Addresses that the
 * library holds as numbers are `usize`, memory that JavaScript owns is `buffer`.
 * Variadic functions have one entry per use: integer and pointer arguments travel like fixed
 * ones on x86_64 and on Linux aarch64 (F8).
 *
 * @module
 */

import { pinErrno } from "./errno.ts";
import { IpcUnsupportedError } from "./errors.ts";

const SYMBOLS = {
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
  // const char *strerrordesc_np(int errnum)
  strerrordesc_np: { parameters: ["i32"], result: "pointer" },
  // char *getenv(const char *name)
  getenv: { parameters: ["buffer"], result: "pointer" },
  // int unsetenv(const char *name)
  unsetenv: { parameters: ["buffer"], result: "i32" },
  // struct passwd *getpwuid(uid_t user)
  getpwuid: { parameters: ["u32"], result: "pointer" },
  // struct passwd *getpwnam(const char *name)
  getpwnam: { parameters: ["buffer"], result: "pointer" },
  // struct group *getgrgid(gid_t group)
  getgrgid: { parameters: ["u32"], result: "pointer" },
  // char *ctime_r(const time_t *time, char *text)
  ctime_r: { parameters: ["buffer", "buffer"], result: "pointer" },
  // long sysconf(int name)
  sysconf: { parameters: ["i32"], result: "i64" },
  // int getrlimit(int resource, struct rlimit *limit)
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int sysinfo(struct sysinfo *info)
  sysinfo: { parameters: ["buffer"], result: "i32" },
  // int clock_gettime(clockid_t clock, struct timespec *time)
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int nanosleep(const struct timespec *time, struct timespec *remaining)
  nanosleep: { parameters: ["buffer", "buffer"], result: "i32" },
  // the same, parked on a pool thread (F7)
  nanosleepParked: {
    name: "nanosleep",
    parameters: ["usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
  timer_create: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int timer_settime(timer_t timer, int flags, const struct itimerspec *time, struct itimerspec *old)
  timer_settime: { parameters: ["u64", "i32", "buffer", "buffer"], result: "i32" },
  // int timer_delete(timer_t timer)
  timer_delete: { parameters: ["u64"], result: "i32" },

  // void *dlsym(void *library, const char *name)
  dlsym: { parameters: ["usize", "buffer"], result: "usize" },
  // int __cxa_thread_atexit_impl(void (*function)(void *), void *argument, void *library)
  __cxa_thread_atexit_impl: { parameters: ["usize", "usize", "usize"], result: "i32" },
  // int sched_yield(void)
  sched_yield: { parameters: [], result: "i32" },
  // pid_t gettid(void)
  gettid: { parameters: [], result: "i32" },
  // int tgkill(pid_t process, pid_t thread, int signal)
  tgkill: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int siginterrupt(int signal, int flag)
  siginterrupt: { parameters: ["i32", "i32"], result: "i32" },

  // int open(const char *path, int flags, mode_t mode)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int openat(int folder, const char *path, int flags, mode_t mode)
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t read(int fd, void *buffer, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t getdents64(int fd, void *entries, size_t size): the result fits the buffer
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int fstat(int fd, struct stat *status)
  fstat: { parameters: ["i32", "buffer"], result: "i32" },
  // int stat(const char *path, struct stat *status)
  stat: { parameters: ["buffer", "buffer"], result: "i32" },
  // int lstat(const char *path, struct stat *status)
  lstat: { parameters: ["buffer", "buffer"], result: "i32" },
  // int fstatat(int folder, const char *path, struct stat *status, int flags)
  fstatat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int statfs(const char *path, struct statfs *status)
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
  // int flock(int fd, int operation)
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // char *getcwd(char *buffer, size_t size)
  getcwd: { parameters: ["buffer", "usize"], result: "usize" },
  // int fchmod(int fd, mode_t mode)
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int fchown(int fd, uid_t owner, gid_t group)
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // int ftruncate(int fd, off_t length)
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // int posix_fallocate(int fd, off_t offset, off_t length): returns the error number
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  // int linkat(int olddirfd, const char *old, int newdirfd, const char *new, int flags)
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  // int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
  ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
  // int fcntl(int fd, int command, int argument)
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int fcntl(int fd, int command, struct flock *lock)
  fcntlLock: { name: "fcntl", parameters: ["i32", "i32", "buffer"], result: "i32" },
  // the same, parked on a pool thread (F7)
  fcntlLockParked: {
    name: "fcntl",
    parameters: ["i32", "i32", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // long syscall(SYS_flock, int fd, int operation), and an address that marks its thread; parked
  flockParked: {
    name: "syscall",
    parameters: ["i64", "i32", "i32", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // ssize_t preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
  preadv2: { parameters: ["i32", "usize", "i32", "i64", "i32"], result: "i32" },
  // int pipe2(int fds[2], int flags)
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t write(int fd, const void *buffer, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
  pwritev2: { parameters: ["i32", "usize", "i32", "i64", "i32"], result: "i32" },
  // ssize_t tee(int in, int out, size_t count, unsigned flags)
  tee: { parameters: ["i32", "i32", "usize", "u32"], result: "i32" },
  // mode_t umask(mode_t mask)
  umask: { parameters: ["u32"], result: "u32" },
  // int mkfifo(const char *path, mode_t mode)
  mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
  // int ioctl(int fd, unsigned long request, void *argument)
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },

  // int inotify_init1(int flags)
  inotify_init1: { parameters: ["i32"], result: "i32" },
  // int inotify_add_watch(int inotify, const char *path, uint32_t mask)
  inotify_add_watch: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int inotify_rm_watch(int inotify, int watch)
  inotify_rm_watch: { parameters: ["i32", "i32"], result: "i32" },

  // int eventfd(unsigned initial, int flags)
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int epoll_create1(int flags)
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  // the same, parked on a pool thread (F7)
  epollWaitParked: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },

  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int socketpair(int domain, int type, int protocol, int fds[2])
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int bind(int fd, const struct sockaddr *address, socklen_t length)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int fd, int backlog)
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
  accept4: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *address, socklen_t length)
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int shutdown(int fd, int how)
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *address, socklen_t *length)
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getpeername(int fd, struct sockaddr *address, socklen_t *length)
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // ssize_t recv(int fd, void *buffer, size_t length, int flags)
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t send(int fd, const void *buffer, size_t length, int flags)
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t recvmsg(int fd, struct msghdr *message, int flags)
  recvmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },
  // ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
  sendmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },

  // char **environ
  environ: { type: "pointer" },
  // int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
  //                  const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]):
  // this and its family return the error number
  posix_spawnp: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to)
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  // int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd,
  //                                      const char *path, int flags, mode_t mode)
  posix_spawn_file_actions_addopen: {
    parameters: ["buffer", "i32", "buffer", "i32", "u32"],
    result: "i32",
  },
  // int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
  posix_spawn_file_actions_addclose: { parameters: ["buffer", "i32"], result: "i32" },
  // int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
  posix_spawn_file_actions_addclosefrom_np: { parameters: ["buffer", "i32"], result: "i32" },
  // int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path)
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  // int posix_spawnattr_init(posix_spawnattr_t *attributes)
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_destroy(posix_spawnattr_t *attributes)
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags)
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigmask(posix_spawnattr_t *attributes, const sigset_t *blocked)
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  // int posix_spawnattr_setsigdefault(posix_spawnattr_t *attributes, const sigset_t *signals)
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  // int kill(pid_t pid, int signal)
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // void abort(void)
  abort: { parameters: [], result: "void" },
  // int sigqueue(pid_t pid, int signal, const union sigval value)
  sigqueue: { parameters: ["i32", "i32", "u64"], result: "i32" },
  // int sigaction(int signal, const struct sigaction *new, struct sigaction *old)
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int pthread_sigmask(int how, const sigset_t *signals, sigset_t *before)
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int signalfd(int fd, const sigset_t *signals, int flags)
  signalfd: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // unsigned alarm(unsigned seconds)
  alarm: { parameters: ["u32"], result: "u32" },
  // int setitimer(int timer, const struct itimerval *new, struct itimerval *old)
  setitimer: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
  waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
  // long syscall(SYS_pidfd_open, pid_t pid, unsigned flags)
  pidfd_open: { name: "syscall", parameters: ["i64", "i32", "u32"], result: "i32" },
  // long syscall(SYS_pidfd_send_signal, int pidfd, int signal, siginfo_t *info, unsigned flags)
  pidfd_send_signal: {
    name: "syscall",
    parameters: ["i64", "i32", "i32", "usize", "u32"],
    result: "i32",
  },

  // void *mmap(void *address, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  // int mprotect(void *address, size_t length, int prot)
  mprotect: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int munmap(void *address, size_t length)
  munmap: { parameters: ["usize", "usize"], result: "i32" },
  // int msync(void *address, size_t length, int flags)
  msync: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int madvise(void *address, size_t length, int advice)
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  // int mlock(const void *address, size_t length)
  mlock: { parameters: ["usize", "usize"], result: "i32" },
  // int munlock(const void *address, size_t length)
  munlock: { parameters: ["usize", "usize"], result: "i32" },
  // int memfd_create(const char *name, unsigned flags)
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // int shm_open(const char *name, int flags, mode_t mode)
  shm_open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int shm_unlink(const char *name)
  shm_unlink: { parameters: ["buffer"], result: "i32" },

  // mqd_t mq_open(const char *name, int flags, mode_t mode, struct mq_attr *attributes)
  mq_open: { parameters: ["buffer", "i32", "u32", "buffer"], result: "i32" },
  // int mq_unlink(const char *name)
  mq_unlink: { parameters: ["buffer"], result: "i32" },
  // int mq_getattr(mqd_t queue, struct mq_attr *attributes)
  mq_getattr: { parameters: ["i32", "buffer"], result: "i32" },
  // int mq_timedsend(mqd_t queue, const char *message, size_t length, unsigned priority,
  //                  const struct timespec *deadline)
  mq_timedsend: { parameters: ["i32", "buffer", "usize", "u32", "usize"], result: "i32" },
  // ssize_t mq_timedreceive(mqd_t queue, char *message, size_t length, unsigned *priority,
  //                         const struct timespec *deadline)
  mq_timedreceive: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  // the same, into memory of the caller
  mqTimedreceiveInto: {
    name: "mq_timedreceive",
    parameters: ["i32", "buffer", "usize", "usize", "usize"],
    result: "i32",
  },
  // int sem_init(sem_t *semaphore, int shared, unsigned value)
  sem_init: { parameters: ["usize", "i32", "u32"], result: "i32" },
  // int sem_unlink(const char *name)
  sem_unlink: { parameters: ["buffer"], result: "i32" },
  // int sem_trywait(sem_t *semaphore)
  sem_trywait: { parameters: ["usize"], result: "i32" },
  // int sem_wait(sem_t *semaphore)
  sem_wait: { parameters: ["usize"], result: "i32" },
  // int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline)
  sem_clockwait: { parameters: ["usize", "i32", "buffer"], result: "i32" },
  // int sem_post(sem_t *semaphore)
  sem_post: { parameters: ["usize"], result: "i32" },

  // key_t ftok(const char *path, int project)
  ftok: { parameters: ["buffer", "i32"], result: "i32" },
  // int shmget(key_t key, size_t size, int flags)
  shmget: { parameters: ["i32", "usize", "i32"], result: "i32" },
  // void *shmat(int id, const void *address, int flags)
  shmat: { parameters: ["i32", "usize", "i32"], result: "usize" },
  // int shmdt(const void *address)
  shmdt: { parameters: ["usize"], result: "i32" },
  // int shmctl(int id, int command, struct shmid_ds *status)
  shmctl: { parameters: ["i32", "i32", "buffer"], result: "i32" },

  // int msgget(key_t key, int flags)
  msgget: { parameters: ["i32", "i32"], result: "i32" },
  // int msgsnd(int id, const void *message, size_t size, int flags)
  msgsnd: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  // the same, parked on a pool thread (F7)
  msgsndParked: {
    name: "msgsnd",
    parameters: ["i32", "usize", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // ssize_t msgrcv(int id, void *message, size_t size, long type, int flags): at most INT_MAX
  msgrcv: { parameters: ["i32", "usize", "usize", "i64", "i32"], result: "i32" },
  // the same, parked on a pool thread (F7)
  msgrcvParked: {
    name: "msgrcv",
    parameters: ["i32", "usize", "usize", "i64", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // int msgctl(int id, int command, struct msqid_ds *status)
  msgctl: { parameters: ["i32", "i32", "buffer"], result: "i32" },

  // int semget(key_t key, int count, int flags)
  semget: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int semop(int id, struct sembuf *operations, size_t count)
  semop: { parameters: ["i32", "usize", "usize"], result: "i32" },
  // the same, parked on a pool thread (F7)
  semopParked: {
    name: "semop",
    parameters: ["i32", "usize", "usize"],
    result: "i32",
    nonblocking: true,
  },
  // int semtimedop(int id, struct sembuf *operations, size_t count, const struct timespec *timeout)
  semtimedop: { parameters: ["i32", "usize", "usize", "buffer"], result: "i32" },
  // int semctl(int id, int index, int command, int value)
  semctl: { parameters: ["i32", "i32", "i32", "i32"], result: "i32" },
  // int semctl(int id, int index, int command, void *status or values)
  semctlBuffer: { name: "semctl", parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },

  // long syscall(SYS_futex, uint32_t *word, int operation, uint32_t value,
  //              const struct timespec *timeout, uint32_t *word2, uint32_t value3)
  futex: {
    name: "syscall",
    parameters: ["i64", "usize", "i32", "u32", "buffer", "usize", "u32"],
    result: "i32",
  },
  // long syscall(SYS_futex_waitv, struct futex_waitv *waiters, unsigned count, unsigned flags,
  //              struct timespec *timeout, clockid_t clock)
  futex_waitv: {
    name: "syscall",
    parameters: ["i64", "buffer", "u32", "u32", "usize", "i32"],
    result: "i32",
  },
  // the same, parked on a pool thread (F7)
  futexWaitvParked: {
    name: "syscall",
    parameters: ["i64", "buffer", "u32", "u32", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // long syscall(SYS_io_uring_setup, unsigned entries, struct io_uring_params *params)
  io_uring_setup: { name: "syscall", parameters: ["i64", "u32", "buffer"], result: "i32" },
  // long syscall(SYS_io_uring_enter, unsigned fd, unsigned submit, unsigned complete,
  //              unsigned flags, sigset_t *mask, size_t size)
  io_uring_enter: {
    name: "syscall",
    parameters: ["i64", "i32", "u32", "u32", "u32", "usize", "usize"],
    result: "i32",
  },
  // long syscall(SYS_io_uring_register, unsigned fd, unsigned operation, void *argument, unsigned count)
  io_uring_register: {
    name: "syscall",
    parameters: ["i64", "i32", "u32", "buffer", "u32"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let symbols: Libc | undefined;

/**
 * The C library, opened on first use: importing the module asks for nothing.
 *
 * @throws {IpcUnsupportedError} If this is not Linux on x86_64 or aarch64.
 * @throws {Deno.errors.NotCapable} If `--allow-ffi` was not given.
 */
export function libc(): Libc {
  return symbols ??= openLibc();
}

function openLibc(): Libc {
  assertSupported(Deno.build.os, Deno.build.arch);
  // Asked for as a whole: with a grant for one path Deno allows calls, but no look at memory.
  if (Deno.permissions.requestSync({ name: "ffi" }).state !== "granted") {
    throw new Deno.errors.NotCapable(
      "Cannot call the C library: run Deno again with the --allow-ffi flag, without a path",
    );
  }
  const opened = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  pinErrno(opened.__errno_location()!);
  return opened;
}

/** Throws on a platform whose layouts and system call numbers the library does not know. */
export function assertSupported(os: string, arch: string): void {
  if (os === "linux" && (arch === "x86_64" || arch === "aarch64")) return;
  throw new IpcUnsupportedError(
    `Cannot use deno-ipc on ${os} ${arch}: it needs Linux on x86_64 or aarch64`,
    { code: "ENOSYS" },
  );
}
