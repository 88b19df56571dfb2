"""The Python program that bench:compare runs beside the others: side.py pipe|queue|shared-memory.

The protocol is that of protocol.mjs; the ring of shared-memory is that of ring.mjs.
"""

import multiprocessing
import os
import resource
import struct
import sys
import time
from multiprocessing import shared_memory

END, ROUND_TRIP, ONE_WAY = 0, 1, 2
ORDER = struct.Struct("3d")
AREA_BYTES = 16 << 20
MOST_SLOTS = 64

context = multiprocessing.get_context("fork")


class PipeChannel:
    def __init__(self, connection):
        self.send = connection.send_bytes
        self.receive = connection.recv_bytes

    def configure(self, size, is_one_way):
        pass


class QueueChannel(PipeChannel):
    def __init__(self, there, back):
        self.send = there.put
        self.receive = back.get


class Lane:
    """One direction of the ring."""

    def __init__(self, area):
        self.area = area
        self.items = context.Semaphore(0)
        self.space = context.Semaphore(0)
        self.owed = 0

    def configure(self, size, has_flow):
        while has_flow and self.owed > 0:
            self.space.acquire()
            self.owed -= 1
        self.size, self.has_flow, self.next = size, has_flow, 0
        self.slots = min(MOST_SLOTS, AREA_BYTES // size)

    def slot(self):
        start = self.next * self.size
        self.next = (self.next + 1) % self.slots
        return slice(start, start + self.size)

    def send(self, data):
        if self.has_flow:
            if self.owed == self.slots:
                self.space.acquire()
            else:
                self.owed += 1
        self.area[self.slot()] = data
        self.items.release()

    def receive(self):
        self.items.acquire()
        data = bytes(self.area[self.slot()])
        if self.has_flow:
            self.space.release()
        return data


class MemoryChannel:
    def __init__(self, lanes, is_near):
        self.lanes = lanes
        self.send = lanes[not is_near].send
        self.receive = lanes[is_near].receive
        self.configure(ORDER.size, False)

    def configure(self, size, is_one_way):
        self.lanes[0].configure(size, is_one_way)
        self.lanes[1].configure(size, False)


def make_pipe():
    near, far = context.Pipe()
    return lambda is_near: PipeChannel(near if is_near else far)


def make_queue():
    queues = context.Queue(), context.Queue()
    return lambda is_near: QueueChannel(queues[not is_near], queues[is_near])


def make_shared_memory():
    memory = shared_memory.SharedMemory(create=True, size=2 * AREA_BYTES)
    memory.unlink()  # both sides have it mapped
    memory.buf[:] = bytes(len(memory.buf))
    lanes = [Lane(memory.buf[:AREA_BYTES]), Lane(memory.buf[AREA_BYTES:])]
    kept.append(memory)
    return lambda is_near: MemoryChannel(lanes, is_near)


kept = []
MECHANISMS = {"pipe": make_pipe, "queue": make_queue, "shared-memory": make_shared_memory}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e9


def hear(channel):
    return ORDER.unpack(channel.receive())


def answer(channel):
    while True:
        question, size, rounds = map(int, hear(channel))
        if question == END:
            os._exit(0)
        channel.send(ORDER.pack(cpu(), 0, 0))
        channel.configure(size, question == ONE_WAY)
        if question == ROUND_TRIP:
            for _ in range(rounds):
                channel.send(channel.receive())
        else:
            for _ in range(rounds):
                channel.receive()
        channel.configure(ORDER.size, False)
        channel.send(ORDER.pack(cpu(), 0, 0))


def measure(channel, question, size, slices, per_slice):
    data = b"\1" * size
    times = [0] * slices
    channel.send(ORDER.pack(question, size, slices * per_slice))
    far_before, _, _ = hear(channel)
    cpu_before = cpu()
    channel.configure(size, question == ONE_WAY)
    send, receive, now = channel.send, channel.receive, time.monotonic_ns
    start = now()
    for i in range(slices):
        if question == ROUND_TRIP:
            for _ in range(per_slice):
                send(data)
                receive()
        else:
            for _ in range(per_slice):
                send(data)
        times[i] = now()
    channel.configure(ORDER.size, False)
    far_after, _, _ = hear(channel)
    elapsed = now() - start
    used = cpu() - cpu_before + far_after - far_before
    ends = zip([start, *times], times)
    took = sorted((end - begin) / per_slice for begin, end in ends)
    half, most = (took[int(part * (slices - 1))] for part in (0.5, 0.99))
    print(elapsed, half, most, used, flush=True)


def main():
    make_end = MECHANISMS[sys.argv[1]]()
    far_pid = os.fork()
    if far_pid == 0:
        answer(make_end(False))
    channel = make_end(True)
    print("READY", os.getpid(), far_pid, flush=True)
    try:
        for line in sys.stdin:
            measure(channel, *map(int, line.split()))
    finally:
        channel.send(ORDER.pack(END, 0, 0))  # the far side has no other way to know
    os.waitpid(far_pid, 0)
    sys.stdout.flush()
    os._exit(0)


main()
