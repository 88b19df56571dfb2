/**
 * What mechanisms are, apart from their speed.
 *
 * @module
 */

export interface Properties {
  direction: string;
  /** Which processes can share one. */
  between: string;
  boundaries: string;
  reliability: string;
  flowControl: string;
  priority: string;
  lifetime: string;
  /** What a promise waits through. */
  async: string;
  descriptor: string;
  copies: string;
  limit: string;
}

const ORDERED = "ordered, nothing lost";
const WAITS = "writer waits";
const POLLED = "io_uring, else epoll";

const PIPE: Properties = {
  direction: "one way",
  between: "relatives, or passed by socket",
  boundaries: "none; packet mode",
  reliability: ORDERED,
  flowControl: WAITS,
  priority: "no",
  lifetime: "last close",
  async: POLLED,
  descriptor: "yes",
  copies: "2",
  limit: "64 KiB waiting, up to `fs.pipe-max-size`",
};

const SOCKET: Properties = {
  ...PIPE,
  direction: "both ways",
  between: "all who reach the path, or a pair",
  boundaries: "none",
  limit: "`net.core.wmem_default` waiting",
};

const QUEUE: Properties = {
  ...PIPE,
  direction: "many to many",
  boundaries: "messages",
  lifetime: "removal or reboot",
};

const MEMORY: Properties = {
  direction: "both ways",
  between: "all who know the name",
  boundaries: "as you lay it out",
  reliability: "as you program it",
  flowControl: "as you program it",
  priority: "no",
  lifetime: "unlink and last unmap",
  async: "io_uring, else 4 threads",
  descriptor: "no",
  copies: "0 to 2",
  limit: "memory",
};

export const PROPERTIES: Record<string, Properties> = {
  "pipe": PIPE,
  "FIFO": { ...PIPE, between: "all who may open the path", lifetime: "last close; file: unlink" },
  "stream socket": SOCKET,
  "seqpacket socket": {
    ...SOCKET,
    boundaries: "messages",
    limit: "message: `net.core.wmem_default`",
  },
  "datagram socket": {
    ...SOCKET,
    direction: "many to one",
    boundaries: "messages",
    limit: "message: `net.core.wmem_default`",
  },
  "POSIX queue": {
    ...QUEUE,
    between: "all who know the name",
    reliability: `${ORDERED} within a priority`,
    priority: "0 to 32767",
    limit: "message: `fs.mqueue.msgsize_max`",
  },
  "System V queue": {
    ...QUEUE,
    between: "all who know the key or id",
    reliability: `${ORDERED} within a type`,
    priority: "by type",
    async: "4 parked threads, then polling",
    descriptor: "no",
    limit: "message: `kernel.msgmax`",
  },
  "memory + futex": MEMORY,
  "memory + semaphores": MEMORY,
  "memory + eventfd": {
    ...MEMORY,
    between: "relatives, or passed by socket",
    async: POLLED,
    descriptor: "yes",
  },
};
