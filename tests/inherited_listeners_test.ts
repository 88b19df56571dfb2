import { assertEquals, assertMatch } from "@std/assert";
import { O_CLOEXEC } from "../ffi/constants.ts";
import {
  type ConnectionType,
  inheritedListeners,
  spawn,
  UnixConnection,
  UnixDatagram,
  UnixListener,
} from "../mod.ts";
import { pathOf, tempFolder, test } from "./_support.ts";

const uniqueAddress = (): string => `@deno-ipc-test-${crypto.randomUUID()}`;

/** Runs a service as a service manager does: LISTEN_PID is the pid it has when it runs. */
function activate(
  fds: Record<number, { fd: number }>,
  environment: string,
): ReturnType<typeof spawn> {
  const service = pathOf("./peers/activated.ts");
  const start = `${environment} exec "$0" run --quiet --allow-ffi "$1"`;
  return spawn("sh", { args: ["-c", start, Deno.execPath(), service], fds });
}

/** What the service says to whoever connects. */
async function ask(address: string, type: ConnectionType): Promise<string> {
  using connection = await UnixConnection.connect(address, { type });
  const { data } = (await connection.receiveMessage())!;
  return new TextDecoder().decode(data);
}

test("inheritedListeners() takes over what a service manager opened, by name", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/service`;
  const abstract = uniqueAddress();
  using stream = UnixListener.listen(path);
  using seqpacket = UnixListener.listen(abstract, { type: "seqpacket" });
  using datagram = UnixDatagram.bind();
  await using _service = activate(
    { 3: stream, 4: datagram, 5: seqpacket },
    "LISTEN_PID=$$ LISTEN_FDS=3 LISTEN_FDNAMES=web:log",
  );
  // Connecting before the service runs is what activation is for: the client waits.
  assertEquals(await ask(path, "stream"), `web ${JSON.stringify({ path })} then 0`);
  assertEquals(
    await ask(abstract, "seqpacket"),
    `unknown ${JSON.stringify({ abstract: abstract.slice(1) })} then 0`,
  );
});

test("inheritedListeners() leaves alone what is meant for another process, or for none", async () => {
  assertEquals(inheritedListeners(), []);
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  const other = activate({ 3: listener }, "LISTEN_PID=1 LISTEN_FDS=1");
  assertEquals((await other.status).code, 2);
  const missing = activate({ 3: listener }, "LISTEN_PID=$$");
  assertEquals((await missing.status).code, 2);
});

test("inheritedListeners() says what is wrong with LISTEN_FDS", async () => {
  using listener = UnixListener.listen(uniqueAddress());
  const malformed = activate({ 3: listener }, "LISTEN_PID=$$ LISTEN_FDS=many");
  assertEquals((await malformed.status).code, 3);
  const notOpen = activate({ 3: listener }, "LISTEN_PID=$$ LISTEN_FDS=20");
  assertEquals((await notOpen.status).code, 4);
});

test("inheritedListeners() takes over all or nothing", async () => {
  using listener = UnixListener.listen(uniqueAddress());
  const script = `
    import { inheritedListeners, UnixListener } from ${
    JSON.stringify(import.meta.resolve("../mod.ts"))
  };
    const codes = [];
    for (let i = 0; i < 2; i++) {
      try {
        inheritedListeners();
      } catch ({ code, message }) {
        codes.push(code, message);
      }
    }
    UnixListener.fromFd(3);
    console.log(codes.join("\\n"));
  `;
  using folder = tempFolder();
  const start = `export LISTEN_PID=$$ LISTEN_FDS=200; exec "$0" eval --quiet "$1" > "$2"`;
  const args = ["-c", start, Deno.execPath(), script, `${folder.path}/said`];
  assertEquals((await spawn("sh", { args, fds: { 3: listener } }).status).code, 0);
  const [code, message, ...again] = Deno.readTextFileSync(`${folder.path}/said`).trim().split("\n");
  assertEquals(code, "EBADF");
  assertMatch(message!, /^Cannot take over inherited descriptor \d+: .* \(fcntl: EBADF\)$/);
  assertEquals(again, [code, message], "the variables are still there");
});

test("descriptors of an inherited service do not pass on to its children", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  await using service = activate({ 3: listener }, "LISTEN_PID=$$ LISTEN_FDS=1");
  await ask(address, "stream");
  const info = Deno.readTextFileSync(`/proc/${service.pid}/fdinfo/3`);
  const flags = parseInt(/^flags:\s+(\d+)$/m.exec(info)![1]!, 8);
  assertEquals(flags & O_CLOEXEC, O_CLOEXEC);
});
