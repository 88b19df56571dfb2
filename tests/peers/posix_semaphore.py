"""A Python program that knows nothing of us, at one POSIX semaphore, through ctypes.

One command a line, one line back: `ok` or a value, or the name of the error number.

  create NAME VALUE    open NAME    unlink NAME    value
  wait                 trywait      post COUNT
"""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.sem_open.restype = ctypes.c_void_p


def check(result):
    if result is None or result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


class Semaphore:
    def create(self, name, value):
        flags = os.O_CREAT | os.O_EXCL
        address = check(libc.sem_open(name.encode(), flags, 0o600, int(value)))
        self.address = ctypes.c_void_p(address)

    def open(self, name):
        self.address = ctypes.c_void_p(check(libc.sem_open(name.encode(), 0)))

    def unlink(self, name):
        check(libc.sem_unlink(name.encode()))

    def wait(self):
        check(libc.sem_wait(self.address))

    def trywait(self):
        check(libc.sem_trywait(self.address))

    def post(self, count):
        for _ in range(int(count)):
            check(libc.sem_post(self.address))

    def value(self):
        found = ctypes.c_int()
        check(libc.sem_getvalue(self.address, ctypes.byref(found)))
        return found.value


semaphore = Semaphore()
print("READY", flush=True)
for line in sys.stdin:
    command, *arguments = line.split()
    try:
        result = getattr(semaphore, command)(*arguments)
        print("ok" if result is None else result, flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
