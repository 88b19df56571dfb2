"""A Python program that knows nothing of us, at one POSIX message queue, through ctypes.

One command a line, one line back: `ok` or a value, or the name of the error number.

  create NAME MESSAGES BYTES    open NAME    unlink NAME    attributes
  send PRIORITY TEXT            receive      flood FIRST COUNT
"""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.mq_receive.restype = ctypes.c_ssize_t


class Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("flags", "messages", "bytes", "now")] + [
        ("reserved", ctypes.c_long * 4)
    ]


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


class Queue:
    def create(self, name, messages, size):
        limits = Attributes(0, int(messages), int(size), 0)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self.fd = check(libc.mq_open(name.encode(), flags, 0o600, ctypes.byref(limits)))

    def open(self, name):
        self.fd = check(libc.mq_open(name.encode(), os.O_RDWR))

    def unlink(self, name):
        check(libc.mq_unlink(name.encode()))

    def attributes(self):
        found = Attributes()
        check(libc.mq_getattr(self.fd, ctypes.byref(found)))
        return f"{found.messages} {found.bytes} {found.now}"

    def send(self, priority, text=""):
        data = text.encode()
        check(libc.mq_send(self.fd, data, ctypes.c_size_t(len(data)), int(priority)))

    def receive(self):
        buffer = ctypes.create_string_buffer(1 << 16)
        priority = ctypes.c_uint()
        size = ctypes.c_size_t(len(buffer))
        length = check(libc.mq_receive(self.fd, buffer, size, ctypes.byref(priority)))
        return f"{priority.value} {buffer.raw[:length].decode()}"

    def flood(self, first, count):
        for i in range(int(first), int(first) + int(count)):
            self.send(i % 3, str(i))


queue = Queue()
print("READY", flush=True)
for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split(" ", 3)
    if command == "send":
        arguments = line.rstrip("\n").split(" ", 2)[1:]
    try:
        print(getattr(queue, command)(*arguments) or "ok", flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
