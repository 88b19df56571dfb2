"""Shares memory with a test, knowing nothing of the library: KIND ROLE TARGET

The same as memory_peer.c, through ctypes.
"""

import ctypes
import os
import sys

SIZE, REPLY_AT = 4096, 100
PROT_READ_WRITE, MAP_SHARED = 3, 1
IPC_CREAT, IPC_EXCL, IPC_RMID = 0o1000, 0o2000, 0
FAILED = ctypes.c_void_p(-1).value

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.shmat.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmdt.argtypes = [ctypes.c_void_p]


def checked(result):
    if result in (-1, FAILED):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def map_fd(fd):
    return checked(libc.mmap(None, SIZE, PROT_READ_WRITE, MAP_SHARED, checked(fd), 0))


def main():
    kind, role, target = sys.argv[1:]
    creates = role == "create"
    segment = None
    if kind == "sysv":
        flags = IPC_CREAT | IPC_EXCL | 0o600 if creates else 0
        segment = checked(libc.shmget(int(target), SIZE if creates else 0, flags))
        memory = checked(libc.shmat(segment, None, 0))
    else:
        flags = os.O_RDWR | (os.O_CREAT | os.O_EXCL if creates else 0)
        if kind == "posix":
            fd = libc.shm_open(target.encode(), flags, 0o600)
        elif kind == "memfd" and creates:
            fd = os.memfd_create("from Python")
            target = f"/proc/{os.getpid()}/fd/{fd}"
        else:
            fd = os.open(target, flags, 0o600)
        if creates:
            os.ftruncate(checked(fd), SIZE)
        memory = map_fd(fd)

    if creates:
        ctypes.memmove(memory, b"from Python\0", 12)
    print("READY", target if creates else ctypes.string_at(memory).decode(), flush=True)
    line = sys.stdin.readline().rstrip("\n").encode()
    if creates:
        print(ctypes.string_at(memory + REPLY_AT).decode(), flush=True)
    else:
        ctypes.memmove(memory + REPLY_AT, line + b"\0", len(line) + 1)
        print("DONE", flush=True)

    if kind == "sysv":
        checked(libc.shmdt(memory))
        if creates:
            checked(libc.shmctl(segment, IPC_RMID, None))
    else:
        checked(libc.munmap(memory, SIZE))
        if creates and kind == "posix":
            checked(libc.shm_unlink(target.encode()))


main()
