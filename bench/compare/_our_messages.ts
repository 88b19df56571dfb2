/**
 * Seqpacket and datagram sockets and message queues: one message as it was sent.
 *
 * @module
 */

import {
  IPC_PRIVATE,
  PosixMessageQueue,
  SysvMessageQueue,
  UnixConnection,
  UnixDatagram,
} from "../../mod.ts";
import { type Channel, type Mechanism, newName } from "./_our_mechanism.ts";

const FAR_FD = 3;
/** The messages of a POSIX queue are so long that the default limits allow it. */
const POSIX_QUEUE = { maxMessages: 10, maxMessageBytes: 8192 };

export const MESSAGES: Record<string, Mechanism> = {
  seqpacket: {
    near(isAsync, start) {
      const [here, there] = UnixConnection.pair("seqpacket");
      start([], { [FAR_FD]: there });
      there.close();
      return { channel: overSeqpacket(isAsync, here) };
    },
    far: (isAsync) => overSeqpacket(isAsync, UnixConnection.fromFd(FAR_FD)),
  },
  datagram: {
    near(isAsync, start) {
      const [here, there] = UnixDatagram.pair();
      start([], { [FAR_FD]: there });
      there.close();
      return { channel: overDatagrams(isAsync, here) };
    },
    far: (isAsync) => overDatagrams(isAsync, UnixDatagram.fromFd(FAR_FD)),
  },
  "posix-queue": {
    near(isAsync, start) {
      const names = [newName(), newName()];
      const [there, back] = names.map((name) => PosixMessageQueue.create(name, POSIX_QUEUE));
      start(names);
      return {
        channel: overPosixQueues(isAsync, back!, there!),
        clean: () => names.forEach((name) => PosixMessageQueue.unlink(name)),
      };
    },
    far(isAsync, names) {
      const [there, back] = names.map((name) => PosixMessageQueue.open(name));
      return overPosixQueues(isAsync, there!, back!);
    },
  },
  "sysv-queue": {
    near(isAsync, start) {
      const queue = SysvMessageQueue.create(IPC_PRIVATE);
      start([String(queue.id)]);
      return { channel: overSysvQueue(isAsync, queue, 2, 1), clean: () => queue.remove() };
    },
    far: (isAsync, [id]) => overSysvQueue(isAsync, SysvMessageQueue.fromId(Number(id)), 1, 2),
  },
};

function overSeqpacket(isAsync: boolean, connection: UnixConnection): Channel {
  if (isAsync) {
    return {
      send: (data) => connection.sendMessage(data),
      receive: async (into) => (await connection.receiveMessage({ maxBytes: into.length }))!.data,
    };
  }
  return {
    send: (data) => connection.sendMessageSync(data),
    receive: (into) => connection.receiveMessageSync({ maxBytes: into.length })!.data,
  };
}

function overDatagrams(isAsync: boolean, socket: UnixDatagram): Channel {
  if (isAsync) {
    return {
      send: (data) => socket.send(data),
      receive: async (into) => (await socket.receive({ maxBytes: into.length })).data,
    };
  }
  return {
    send: (data) => socket.sendSync(data),
    receive: (into) => socket.receiveSync({ maxBytes: into.length }).data,
  };
}

function overPosixQueues(
  isAsync: boolean,
  from: PosixMessageQueue,
  to: PosixMessageQueue,
): Channel {
  const whole = new Uint8Array(POSIX_QUEUE.maxMessageBytes); // a queue wants room for its longest
  if (isAsync) {
    return {
      send: (data) => to.send(data),
      async receive() {
        await from.receiveInto(whole);
        return whole;
      },
    };
  }
  return {
    send: (data) => to.sendSync(data),
    receive() {
      from.receiveIntoSync(whole);
      return whole;
    },
  };
}

function overSysvQueue(
  isAsync: boolean,
  queue: SysvMessageQueue,
  receivedType: number,
  sentType: number,
): Channel {
  const options = { type: receivedType };
  if (isAsync) {
    return {
      send: (data) => queue.send(sentType, data),
      async receive(into) {
        await queue.receiveInto(into, options);
        return into;
      },
    };
  }
  return {
    send: (data) => queue.sendSync(sentType, data),
    receive(into) {
      queue.receiveIntoSync(into, options);
      return into;
    },
  };
}
