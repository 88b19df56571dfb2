/**
 * One server that adds one to each character it receives, and three clients at once: over a Unix
 * stream, over TCP with `Deno.listen`, over seqpacket and over datagrams. Run it with
 * `deno task demo:socket`.
 *
 * @module
 */

import { UnixConnection, UnixDatagram, UnixListener } from "../mod.ts";

const WORDS = ["HAL", "Hello", "IPC"];

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** `"HAL"` becomes `"IBM"`. */
function addOne(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte + 1);
}

function say(who: string, what: string): void {
  console.log(`${who.padEnd(10)} ${what}`);
}

/** What the example needs of a connection, whatever it is made of. */
interface Connection extends Disposable {
  read(p: Uint8Array): Promise<number | null>;
  write(p: Uint8Array): Promise<number>;
}

/** Serves until the client has nothing more to say. */
async function serve(connection: Connection): Promise<void> {
  using _ = connection;
  const p = new Uint8Array(100);
  for (let count; (count = await connection.read(p)) !== null;) {
    await connection.write(addOne(p.subarray(0, count)));
  }
}

async function serveAll(connections: AsyncIterable<Connection>): Promise<void> {
  for await (const connection of connections) serve(connection);
}

/** Asks, and tells the answer. */
async function ask(kind: string, word: string, opening: Promise<Connection>): Promise<void> {
  using connection = await opening;
  await connection.write(ENCODER.encode(word));
  const p = new Uint8Array(100);
  const count = await connection.read(p);
  say(kind, `${word} -> ${DECODER.decode(p.subarray(0, count ?? 0))}`);
}

async function showUnix(type: "stream" | "seqpacket"): Promise<void> {
  const address = `@deno-ipc-demo-${crypto.randomUUID()}`;
  using listener = UnixListener.listen(address, { type });
  const served = serveAll(listener);
  await Promise.all(
    WORDS.map((word) => ask(type, word, UnixConnection.connect(address, { type }))),
  );
  listener.close();
  await served;
}

async function showTcp(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = serveAll(listener);
  const { port } = listener.addr as Deno.NetAddr;
  const hostname = "127.0.0.1";
  await Promise.all(WORDS.map((word) => ask("tcp", word, Deno.connect({ hostname, port }))));
  listener.close();
  await served;
}

async function showDatagrams(): Promise<void> {
  const address = `@deno-ipc-demo-${crypto.randomUUID()}`;
  using server = UnixDatagram.bind(address);
  const served = (async () => {
    for await (const { data, from } of server) await server.send(addOne(data), { to: from! });
  })();
  await Promise.all(WORDS.map(async (word) => {
    using client = UnixDatagram.bind(); // bound, or nobody could answer
    await client.send(word, { to: address });
    const { data } = await client.receive();
    say("datagram", `${word} -> ${DECODER.decode(data)}`);
  }));
  server.close();
  await served;
}

await showUnix("stream");
await showTcp();
await showUnix("seqpacket");
await showDatagrams();
