/**
 * Constants of the C headers under their C names, grouped by header. Where the two
 * architectures differ, both values stand side by side. A test compares every one with C.
 *
 * @module
 */

const ARM = Deno.build.arch === "aarch64";

// fcntl.h
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_DIRECT = ARM ? 0o200000 : 0o40000;
export const O_DIRECTORY = ARM ? 0o40000 : 0o200000;
export const O_NOFOLLOW = ARM ? 0o100000 : 0o400000;
export const O_CLOEXEC = 0o2000000;
export const O_TMPFILE = 0o20000000 | O_DIRECTORY;
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_STATX_DONT_SYNC = 0x4000;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_SETSIG = 10;
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;
export const F_OFD_SETLK = 37;
export const F_OFD_SETLKW = 38;
export const F_SETLEASE = 1024;
export const F_DUPFD_CLOEXEC = 1030;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_SEAL_SEAL = 0x01;
export const F_SEAL_SHRINK = 0x02;
export const F_SEAL_GROW = 0x04;
export const F_SEAL_WRITE = 0x08;
export const F_SEAL_FUTURE_WRITE = 0x10;
export const FD_CLOEXEC = 1;
export const SPLICE_F_NONBLOCK = 2;

// sys/file.h, sys/uio.h
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const RWF_NOWAIT = 8;

// sys/stat.h
export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFREG = 0o100000;
export const S_IFSOCK = 0o140000;

// sys/mman.h
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_POPULATE = 0x8000;
export const MAP_HUGETLB = 0x40000;
export const MS_ASYNC = 1;
export const MS_SYNC = 4;
export const MADV_NORMAL = 0;
export const MADV_RANDOM = 1;
export const MADV_SEQUENTIAL = 2;
export const MADV_WILLNEED = 3;
export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;
export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;

// sys/ipc.h, sys/shm.h
export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const IPC_NOWAIT = 0o4000;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;
export const SHM_HUGETLB = 0o4000;
export const SHM_NORESERVE = 0o10000;
export const SHM_RDONLY = 0o10000;
export const SHM_LOCK = 11;
export const SHM_UNLOCK = 12;
export const SHM_INFO = 14;
export const SHM_STAT_ANY = 15;
export const SHM_DEST = 0o1000;
export const SHM_LOCKED = 0o2000;

// time.h, sys/time.h
// sys/msg.h
export const MSG_NOERROR = 0o10000;
export const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;

// sys/sem.h
export const SEM_UNDO = 0o10000;
export const GETPID = 11;
export const GETVAL = 12;
export const GETALL = 13;
export const GETNCNT = 14;
export const GETZCNT = 15;
export const SETVAL = 16;
export const SETALL = 17;
export const SEM_INFO = 19;
export const SEM_STAT_ANY = 20;

// signal.h
export const SIGURG = 23;
export const SIGEV_THREAD_ID = 4;

// limits.h, unistd.h
export const NAME_MAX = 255;
export const _SC_CLK_TCK = 2;
export const _SC_PAGESIZE = 30;

// sys/resource.h
export const RLIMIT_NOFILE = 7;
export const RLIMIT_MEMLOCK = 8;
export const RLIMIT_MSGQUEUE = 12;
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

// time.h
export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
export const CLOCK_BOOTTIME = 7;
export const ITIMER_REAL = 0;

// poll.h, sys/epoll.h, sys/eventfd.h, sys/signalfd.h
export const POLLIN = 0x001;
export const POLLOUT = 0x004;
export const EPOLLIN = POLLIN;
export const EPOLLONESHOT = 1 << 30;
export const EPOLL_CLOEXEC = O_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EFD_CLOEXEC = O_CLOEXEC;
export const EFD_NONBLOCK = O_NONBLOCK;
export const SFD_CLOEXEC = O_CLOEXEC;
export const SFD_NONBLOCK = O_NONBLOCK;
export const EFD_SEMAPHORE = 1;

// sys/socket.h
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = O_NONBLOCK;
export const SOCK_CLOEXEC = O_CLOEXEC;
export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_PASSCRED = 16;
export const SO_PEERCRED = 17;
export const SO_MEMINFO = 55;
export const SO_TIMESTAMP = 29;
export const SO_ACCEPTCONN = 30;
export const SO_DOMAIN = 39;
export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
export const MSG_CTRUNC = 0x08;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;
export const SHUT_WR = 1;

// spawn.h
export const POSIX_SPAWN_SETSIGDEF = 0x04;
export const POSIX_SPAWN_SETSIGMASK = 0x08;

// signal.h
export const SIG_DFL = 0n;
export const SIG_IGN = 1n;
export const SIG_BLOCK = 0;
export const SIG_SETMASK = 2;
export const SA_SIGINFO = 4;
export const SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000;
export const SI_TIMER = -2;
export const SI_SIGIO = -5;

// sys/wait.h
export const P_PID = 1;
export const P_PIDFD = 3;
export const WNOHANG = 1;
export const WSTOPPED = 2;
export const WEXITED = 4;
export const WCONTINUED = 8;
export const CLD_EXITED = 1;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

// sys/inotify.h
export const IN_OPEN = 0x20;
export const IN_CLOEXEC = O_CLOEXEC;
export const IN_NONBLOCK = O_NONBLOCK;

// sys/ioctl.h
export const FIONREAD = 0x541bn;

// linux/futex.h
export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX_BITSET_MATCH_ANY = 0xffffffff;
export const FUTEX2_SIZE_U32 = 2;
export const FUTEX_WAITV_MAX = 128;

// sys/syscall.h
export const SYS_recvfrom = ARM ? 207n : 45n;
export const SYS_flock = ARM ? 32n : 73n;
export const SYS_futex = ARM ? 98n : 202n;
export const SYS_futex_waitv = 449n;
export const SYS_pidfd_open = 434n;
export const SYS_pidfd_send_signal = 424n;
export const SYS_io_uring_setup = 425n;
export const SYS_io_uring_enter = 426n;
export const SYS_io_uring_register = 427n;

// linux/io_uring.h
export const IORING_SETUP_CQSIZE = 8;
export const IORING_OFF_SQ_RING = 0;
export const IORING_OFF_SQES = 0x10000000;
export const IORING_ENTER_GETEVENTS = 1;
export const IORING_FEAT_SINGLE_MMAP = 1;
export const IORING_FEAT_NODROP = 2;
export const IORING_FEAT_CQE_SKIP = 2048;
export const IORING_SQ_CQ_OVERFLOW = 2;
export const IORING_REGISTER_FILES = 2;
export const IORING_REGISTER_PROBE = 8;
export const IO_URING_OP_SUPPORTED = 1;
export const IORING_OP_POLL_ADD = 6;
export const IORING_OP_ASYNC_CANCEL = 14;
export const IORING_OP_WRITE = 23;
export const IORING_OP_FUTEX_WAIT = 51;
export const IOSQE_FIXED_FILE = 1;
export const IOSQE_IO_HARDLINK = 8;
export const IOSQE_CQE_SKIP_SUCCESS = 64;
