import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../lib/cli/main.ts";
import { IPC_PRIVATE, mkfifo, openFifo, PosixMessageQueue, SysvMessageQueue } from "../mod.ts";
import { captured } from "./_captured.ts";
import { ipc, MAIN, runIpc } from "./_cli.ts";
import { ask, tell } from "./_posix.ts";
import { newQueue, pattern } from "./_sysv.ts";
import { denoArgs, output, Peer, tempFolder, test, uniqueName } from "./_support.ts";
import { until } from "./_time.ts";

const C = { needs: ["gcc"] } satisfies Parameters<typeof test>[2];

/** A queue without messages that is removed at the end. */
function newPosixQueue(
  options?: Parameters<typeof PosixMessageQueue.create>[1],
): { queue: PosixMessageQueue; name: string } & Disposable {
  const name = uniqueName();
  const queue = PosixMessageQueue.create(name, options);
  return {
    queue,
    name,
    [Symbol.dispose]() {
      queue.close();
      PosixMessageQueue.unlink(name);
    },
  };
}

/** What `ipc recv` prints of what is there already, without a process of its own. */
async function received(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await captured(() => main(["recv", ...args]));
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
  return stdout;
}

/** An `ipc` that goes on by itself. */
function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: denoArgs(MAIN, args),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function textOf(child: Deno.ChildProcess): Promise<{ code: number; stdout: string }> {
  const { code, stdout } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

/** Ends an `ipc` once it has printed so much, and nothing else. */
async function endAfter(child: Deno.ChildProcess, expected: string): Promise<void> {
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text === expected) child.kill("SIGTERM");
  }
  assertEquals({ text, code: (await child.status).code }, { text: expected, code: 0 });
}

function hex(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

function isThere(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

test(
  "ipc send and recv exchange messages of every type with a C program's System V queue",
  async () => {
    using made = newQueue();
    const id = String(made.queue.id);
    await using peer = await Peer.c("sysv_msg", ["id", id]);
    await ipc(["send", "sysv-msg", id, "--type", "7"], { input: "one\n\nthree, no newline" });
    for (const text of ["one", "", "three, no newline"]) {
      assertEquals(await ask(peer, "recv 7 100 0"), `7 ${hex(text) || "-"}`);
    }
    for (
      const [type, text] of [[3, "three"], [9, "nine"], [2, "two"], [3, "three again"]] as const
    ) {
      await tell(peer, `send ${type} ${hex(text)}`);
    }
    assertEquals(await received("sysv-msg", id, "--type", "9"), "nine\n");
    assertEquals(await received("sysv-msg", id, "--type", "-3"), "two\n");
    assertEquals(
      await received("sysv-msg", id, "-f", "--timeout", "0"),
      "three\nthree again\n",
    );
  },
  C,
);

test(
  "ipc send and recv exchange messages of every priority with a C program's POSIX queue",
  async () => {
    const name = uniqueName();
    await using peer = await Peer.c("posix_queue");
    await tell(peer, `create ${name} 4 100`);
    await ipc(["send", "posix-mq", name], { input: "later\n" });
    await ipc(["send", "posix-mq", name, "-p", "5"], { input: "sooner\nthan later\n" });
    for (const text of ["5 sooner", "5 than later", "0 later"]) {
      assertEquals(await ask(peer, "receive"), text);
    }
    await tell(peer, "send 1 from C", "send 2 before");
    assertEquals(await received("posix-mq", name), "before\n");
    assertEquals(await received("posix-mq", name, "--timeout", "10s"), "from C\n");
    await tell(peer, `unlink ${name}`);
  },
  C,
);

test("ipc send and recv exchange lines with a C program at a FIFO", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  mkfifo(path);
  const sending = ipc(["send", "fifo", path], { input: "one\ntwo" }); // waits for the reader
  {
    await using reader = await Peer.c("fifo_peer", [path, "r"]);
    await sending;
    assertEquals(await ask(reader, "read"), "read 8 one");
    assertEquals(await reader.readLine(), "two");
    assertEquals(await reader.readLine(), "");
    assertEquals(await ask(reader, "read"), "end");
  }
  const receiving = ipc(["recv", "fifo", path]);
  await using writer = await Peer.c("fifo_peer", [path, "w"]);
  assertEquals(await ask(writer, "write half a line"), "wrote 11");
  assertEquals(await ask(writer, "write , the other half"), "wrote 16");
  assertEquals(await ask(writer, "close"), "closed");
  assertEquals(await receiving, "half a line, the other half\n");
}, C);

/** Whether a socket takes what is sent to its path: a listener not before `listen(2)`. */
function isReady(channel: "dgram" | "seqpacket", path: string): boolean {
  const LISTENS = 0x1_0000; // __SO_ACCEPTCON of the kernel
  const sockets = Deno.readTextFileSync("/proc/net/unix").split("\n");
  const [, , , flags = "0"] = sockets.find((line) => line.endsWith(` ${path}`))?.split(" ") ?? [];
  return channel === "dgram" ? isThere(path) : (parseInt(flags, 16) & LISTENS) !== 0;
}

for (const channel of ["dgram", "seqpacket"] as const) {
  test(`ipc send and recv exchange messages with a C program's ${channel} socket`, async () => {
    using folder = tempFolder();
    const [theirs, ours] = [`${folder.path}/c`, `${folder.path}/ipc`];
    const second = channel === "dgram" ? "" : "two"; // to C an empty packet looks like the end
    {
      await using receiver = await Peer.c("socket_lines", [channel, "recv", theirs]);
      await ipc(["send", channel, theirs], { input: `one\n${second}\nthree` });
      for (const text of ["one", second, "three"]) {
        assertEquals(await receiver.readLine(), hex(text) || "-");
      }
      if (channel === "seqpacket") assertEquals(await receiver.readLine(), "end");
      await ipc(["send", channel, theirs, "--raw"], { input: "a\nb\n" });
      assertEquals(await receiver.readLine(), hex("a\nb\n"));
    }
    const receiving = start("recv", channel, ours);
    await until(() => isReady(channel, ours));
    await using sender = await Peer.c("socket_lines", [channel, "send", ours]);
    assertEquals(await ask(sender, "four"), "4");
    if (channel === "seqpacket") {
      assertEquals(await ask(sender, "five5"), "5");
      sender.kill("SIGKILL");
    }
    const stdout = channel === "dgram" ? "four\n" : "four\nfive5\n";
    assertEquals(await textOf(receiving), { code: 0, stdout });
    assertEquals(isThere(ours), false);
  }, C);
}

test("ipc recv --follow serves one connection after the other, and removes its socket when it ends", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  const receiving = start("recv", "seqpacket", path, "--follow");
  await until(() => isReady("seqpacket", path));
  await ipc(["send", "seqpacket", path], { input: "one\ntwo\n" });
  await ipc(["send", "seqpacket", path], { input: "three\n" });
  await endAfter(receiving, "one\ntwo\nthree\n");
  assertEquals(isThere(path), false);
});

test("ipc recv --follow reads a FIFO on, whoever writes", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  mkfifo(path);
  const receiving = start("recv", "fifo", path, "--follow", "--null");
  await ipc(["send", "fifo", path, "-0"], { input: "one\nline\0" });
  await ipc(["send", "fifo", path, "-0"], { input: "two\0" });
  await endAfter(receiving, "one\nline\0two\0");
});

test("ipc recv prints the half message that it has read when its wait ends", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  mkfifo(path);
  using fifo = openFifo(path); // a writer that stays
  await fifo.writer.write("one\ntw");
  assertEquals(await runIpc(["recv", "fifo", path, "--timeout", "50ms"]), {
    code: 1,
    stdout: "one\ntw\n",
    stderr: "ipc recv: Cannot receive from fifo: 50 ms have passed\n",
  });
  await fifo.writer.write("one\ntw");
  const endless = start("recv", "fifo", path, "--follow");
  let text = "";
  for await (const part of endless.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text === "one\n") endless.kill("SIGTERM");
  }
  assertEquals({ text, code: (await endless.status).code }, { text: "one\ntw\n", code: 0 });
});

test("ipc recv killed with -9 loses at most the message in its hands", async () => {
  const sizeBytes = 8000;
  const count = 10;
  const fitting = Math.floor(65536 / (sizeBytes + 1)); // into the pipe that nobody reads
  using made = newPosixQueue({ maxMessages: count, maxMessageBytes: sizeBytes });
  for (let number = 0; number < count; number++) {
    made.queue.trySend(String(number).padEnd(sizeBytes));
  }
  const receiving = start("recv", "posix-mq", made.name, "--follow");
  // It blocks in the middle of a message, and must not have taken the one after that.
  await until(() => made.queue.attributes().messages === count - fitting - 1);
  receiving.kill("SIGKILL");
  await receiving.status; // only then is the pipe read, which would let it go on
  const text = await new Response(receiving.stdout).text();
  const printed = text.split("\n").slice(0, -1).map(Number);
  const left = Array.from(
    { length: made.queue.attributes().messages },
    () => Number(new TextDecoder().decode(made.queue.tryReceive()!.data)),
  );
  assertEquals([printed, left], [[0, 1, 2, 3, 4, 5, 6, 7], [9]]);
});

test("ipc recv --follow ends well when its System V queue is removed, and recv does not", async () => {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const [endless, single] = [
    start("recv", "sysv-msg", `${queue.id}`, "-f"),
    runIpc(["recv", "sysv-msg", `${queue.id}`, "-t", "5"]),
  ];
  queue.trySend(1, "one");
  await until(() => queue.stat().messages === 0);
  queue.remove();
  assertEquals(await textOf(endless), { code: 0, stdout: "one\n" });
  const { code, stderr } = await single;
  assertEquals(code, 1);
  assertMatch(stderr, /^ipc recv: Cannot (receive from|find) message queue \d+: .*removed/);
});

test("ipc send and recv end with 1 when their time is up, and send tells how far it came", async () => {
  using made = newPosixQueue({ maxMessages: 2 });
  const wait = ["posix-mq", made.name, "--timeout"];
  assertEquals(await runIpc(["send", ...wait, "50ms"], { input: "1\n2\n3\n4\n" }), {
    code: 1,
    stdout: "",
    stderr: "ipc send: message 3: Cannot send to posix-mq: 50 ms have passed\n",
  });
  assertEquals(await received(...wait, "0", "--follow"), "1\n2\n");
  assertEquals(await runIpc(["recv", ...wait, "50ms"]), {
    code: 1,
    stdout: "",
    stderr: "ipc recv: Cannot receive from posix-mq: 50 ms have passed\n",
  });
});

test("ipc send --raw and recv --raw keep every byte", async () => {
  using made = newQueue();
  const id = String(made.queue.id);
  const bytes = pattern(8192);
  await ipc(["send", "sysv-msg", id, "--raw"], { input: bytes });
  assertEquals(made.queue.peek(0)?.data, bytes);
  const child = start("recv", "sysv-msg", id, "--raw");
  assertEquals(new Uint8Array((await child.output()).stdout), bytes);
  await ipc(["send", "sysv-msg", id, "--raw"]); // nothing is a message too
  assertEquals(made.queue.tryReceive()?.data.length, 0);
});

test("ipc recv commands no terminal with what others sent", async () => {
  using made = newPosixQueue();
  const hostile = "\x1b[2J\x1b]0;owned\x07 and \\ it";
  const line = [Deno.execPath(), ...denoArgs(MAIN, ["recv", "posix-mq", made.name])].join(" ");
  const onTerminal = ["-qec", line, "/dev/null"];
  made.queue.trySend(hostile);
  assertEquals(
    await output("script", onTerminal),
    "\\x1b[2J\\x1b]0;owned\\x07 and \\\\ it\r\n",
  );
  made.queue.trySend(hostile);
  assertEquals(await ipc(["recv", "posix-mq", made.name]), `${hostile}\n`);
}, { needs: ["script"] });

test("ipc send says in one line that it cannot read its input", async () => {
  using made = newPosixQueue();
  const prefix = ["sh", "-c", 'exec "$@" < /tmp', "sh"];
  assertEquals(await runIpc(["send", "posix-mq", made.name], { prefix }), {
    code: 1,
    stdout: "",
    stderr: "ipc send: Is a directory (os error 21)\n",
  });
});

test("ipc send and recv tell wrong usage, and what is not there", async () => {
  for (
    const [args, code, line] of [
      [["send"], 2, /^ipc send: too few operands/],
      [["recv", "posix-mq"], 2, /^ipc recv: too few operands/],
      [["recv", "pipe", "x"], 2, /^ipc recv: CHANNEL must be one of sysv-msg, .*, received "pipe"/],
      [["send", "posix-mq", "/x", "-t", "1"], 2, /^ipc send: --type is for sysv-msg only/],
      [["send", "sysv-msg", "1", "-p", "1"], 2, /^ipc send: --priority is for posix-mq only/],
      [["send", "sysv-msg", "1", "-t", "0"], 2, /^ipc send: --type must be a whole number, 1 or/],
      [["recv", "sysv-msg", "x"], 2, /^ipc recv: a System V object is an id, or a key/],
      [["recv", "dgram", "x", "-0", "-r"], 2, /^ipc recv: --raw has no delimiter/],
      [["recv", "posix-mq", "/no-such-queue"], 1, /^ipc recv: Cannot open message queue .*ENOENT/],
      [["recv", "sysv-msg", "0x7ffffff1"], 1, /^ipc recv: Cannot open message queue .*ENOENT/],
      [["send", "dgram", "/no/such"], 1, /^ipc send: Cannot connect to "\/no\/such": .*ENOENT/],
      [["recv", "dgram", "/no/such"], 1, /^ipc recv: Cannot bind to "\/no\/such": .*ENOENT/],
    ] as const
  ) {
    const result = await captured(() => main(args));
    assertEquals(
      { code: result.code, stdout: result.stdout },
      { code, stdout: "" },
      args.join(" "),
    );
    assertMatch(result.stderr, line);
  }
});
