"""A System V semaphore set through ctypes: the lines `op` and `values` of sysv_sem.c."""

import ctypes
import errno
import sys

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.semop.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
GETVAL = 12


class Operation(ctypes.Structure):
    _fields_ = [("index", ctypes.c_ushort), ("delta", ctypes.c_short), ("flags", ctypes.c_short)]


def op(semaphores: int, words: list[str]) -> str:
    parsed = [Operation(*(int(number, 0) for number in word.split(","))) for word in words]
    operations = (Operation * len(parsed))(*parsed)
    if libc.semop(semaphores, operations, len(parsed)) == -1:
        return errno.errorcode[ctypes.get_errno()]
    return "ok"


def values(semaphores: int) -> str:
    found = []
    while (value := libc.semctl(semaphores, len(found), GETVAL)) != -1:
        found.append(str(value))
    return " ".join(found)


def main() -> None:
    semaphores = int(sys.argv[1])
    print("READY", semaphores, flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        print(op(semaphores, words) if command == "op" else values(semaphores), flush=True)


main()
