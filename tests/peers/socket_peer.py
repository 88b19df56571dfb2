"""Unix sockets as Python has them, for the tests of ours: socket_peer.py MODE [ARGUMENTS]"""

import array
import os
import socket
import struct
import sys

SCM_CREDENTIALS = 2
SO_PASSCRED = 16


def say(text):
    print(text, flush=True)


def listen(path, kind="stream"):
    """Listens, and ends when its input does."""
    listener = server(path, kind)
    say("READY")
    sys.stdin.read()
    listener.close()


def server(path, kind):
    types = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET}
    listener = socket.socket(socket.AF_UNIX, types[kind])
    listener.bind(path.replace("@", "\0", 1) if path.startswith("@") else path)
    listener.listen()
    return listener


def exchange(path, kind):
    """Takes one descriptor, says what is in it and who sent it, and sends one of its own back."""
    listener = server(path, kind)
    say("READY")
    connection, _ = listener.accept()
    connection.setsockopt(socket.SOL_SOCKET, SO_PASSCRED, 1)
    data, control, flags, _ = connection.recvmsg(100, 1000)
    fds = array.array("i")
    credentials = None
    for level, type_, value in control:
        if (level, type_) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value)
        if (level, type_) == (socket.SOL_SOCKET, SCM_CREDENTIALS):
            credentials = struct.unpack("3i", value[:12])
    content = os.pread(fds[0], 100, 0).rstrip(b"\0").decode()
    say(f"{data.decode()} {len(fds)} {content} {credentials[0]}")
    file = os.memfd_create("from-python")
    os.write(file, b"Hello from Python")
    socket.send_fds(connection, [b"take this"], [file])
    sys.stdin.read()


def flood(path, count):
    """Sends so many descriptors in one message."""
    listener = server(path, "seqpacket")
    say("READY")
    connection, _ = listener.accept()
    socket.send_fds(connection, [b"many"], [0] * int(count))
    sys.stdin.read()


def half(path):
    """Sends half a message, and waits to be killed."""
    listener = server(path, "stream")
    say("READY")
    connection, _ = listener.accept()
    connection.sendall(b"half of a mess")
    say("sent")
    sys.stdin.read()


def datagrams(path):
    """Answers each datagram with what it holds, in capitals."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    say("READY")
    while True:
        data, sender = receiver.recvfrom(1000)
        if sender:
            receiver.sendto(data.upper(), sender)
        else:
            say(data.decode())


globals()[sys.argv[1]](*sys.argv[2:])
