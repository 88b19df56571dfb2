"""A System V message queue through ctypes: the same lines as sysv_msg.c."""

import ctypes
import errno
import sys

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.msgsnd.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.msgrcv.argtypes = [
    ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long, ctypes.c_int,
]
libc.msgrcv.restype = ctypes.c_ssize_t
IPC_CREAT = 0o1000


class Message(ctypes.Structure):
    _fields_ = [("type", ctypes.c_long), ("text", ctypes.c_char * (1 << 20))]


def failure() -> str:
    return errno.errorcode[ctypes.get_errno()]


def send(queue: int, kind: str, text: str) -> str:
    payload = b"" if text == "-" else bytes.fromhex(text)
    message = Message(type=int(kind))
    ctypes.memmove(ctypes.byref(message, Message.text.offset), payload, len(payload))
    if libc.msgsnd(queue, ctypes.byref(message), len(payload), 0) == -1:
        return failure()
    return "ok"


def recv(queue: int, kind: str, size: str, flags: str) -> str:
    message = Message()
    got = libc.msgrcv(queue, ctypes.byref(message), int(size), int(kind), int(flags, 0))
    if got == -1:
        return failure()
    start = ctypes.addressof(message) + Message.text.offset
    return f"{message.type} {ctypes.string_at(start, got).hex() or '-'}"


def main() -> None:
    if len(sys.argv) == 3:
        queue = int(sys.argv[2])
    else:
        queue = libc.msgget(int(sys.argv[1]), IPC_CREAT | 0o600)
    print("READY", queue, flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        print({"send": send, "recv": recv}[command](queue, *words), flush=True)


main()
