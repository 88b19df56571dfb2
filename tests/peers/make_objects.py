"""A Python program that knows nothing of us: makes one object of each of the six kinds.

Says READY SHMID MSGID SEMID, and removes all when a line comes. It keeps the segment
attached and the POSIX objects open.

usage: make_objects NAME MODE
"""

import ctypes
import os
import sys
from multiprocessing import shared_memory, resource_tracker

IPC_CREAT = 0o1000
IPC_RMID = 0

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.sem_open.restype = ctypes.c_void_p


def check(result):
    if result is None or result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


name, mode = sys.argv[1].encode(), int(sys.argv[2], 8)
os.umask(0)
segment = check(libc.shmget(0, 7000, IPC_CREAT | mode))
check(libc.shmat(segment, None, 0))
queue = check(libc.msgget(0, IPC_CREAT | mode))
semaphores = check(libc.semget(0, 2, IPC_CREAT | mode))
memory = shared_memory.SharedMemory(name.decode(), create=True, size=2000)
resource_tracker.unregister(memory._name, "shared_memory")
box = check(libc.mq_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode, None))
check(libc.sem_open(name, os.O_CREAT | os.O_EXCL, mode, 1))
print("READY", segment, queue, semaphores, flush=True)
sys.stdin.readline()
check(libc.shmctl(segment, IPC_RMID, None))
check(libc.msgctl(queue, IPC_RMID, None))
check(libc.semctl(semaphores, 0, IPC_RMID))
check(libc.mq_unlink(name))
check(libc.sem_unlink(name))
memory.close()
check(libc.shm_unlink(name))
