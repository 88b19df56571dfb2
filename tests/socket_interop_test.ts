import { assertEquals } from "@std/assert";
import { spawn, UnixConnection, UnixDatagram, UnixListener } from "../mod.ts";
import { output, Peer, tempFolder, test } from "./_support.ts";
import { pause } from "./_time.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The option that makes socat speak a type of socket. */
const SOCAT_TYPE = { stream: "type=1", seqpacket: "type=5" } as const;

for (const type of ["stream", "seqpacket"] as const) {
  for (const place of ["path", "abstract"] as const) {
    test(`${type}, ${place}: socat is served by us`, async () => {
      using folder = tempFolder();
      const name = place === "path" ? `${folder.path}/socket` : `socat-${crypto.randomUUID()}`;
      const address = place === "path" ? { path: name } : { abstract: name };
      using listener = UnixListener.listen(address, { type });
      const served = (async () => {
        using connection = await listener.accept();
        const p = new Uint8Array(100);
        const count = await connection.read(p);
        await connection.write(text(p.subarray(0, count!)).toUpperCase());
      })();
      const kind = place === "path" ? "UNIX-CONNECT" : "ABSTRACT-CONNECT";
      const script = `printf hello | socat -t 10 - ${kind}:${name},${SOCAT_TYPE[type]}`;
      assertEquals(await output("sh", ["-c", script]), "HELLO");
      await served;
    }, { needs: ["socat"] });

    test(`${type}, ${place}: we are served by socat`, async () => {
      using folder = tempFolder();
      const name = place === "path" ? `${folder.path}/socket` : `socat-${crypto.randomUUID()}`;
      const address = place === "path" ? { path: name } : { abstract: name };
      const kind = place === "path" ? "UNIX-LISTEN" : "ABSTRACT-LISTEN";
      await using _server = spawn("socat", {
        args: [`${kind}:${name},${SOCAT_TYPE[type]}`, "SYSTEM:tr a-z A-Z"],
      });
      using connection = await connectWhenThere(address, type);
      await connection.write("hello\n");
      connection.closeWrite();
      assertEquals(text((await connection.receiveMessage())!.data), "HELLO\n");
      assertEquals(await connection.receiveMessage(), null);
    }, { needs: ["socat"] });
  }
}

/** socat says nothing when it is ready. */
async function connectWhenThere(
  address: { path: string } | { abstract: string },
  type: "stream" | "seqpacket",
): Promise<UnixConnection> {
  for (;;) {
    try {
      return await UnixConnection.connect(address, { type });
    } catch (error) {
      const { code } = error as { code: string };
      if (code !== "ENOENT" && code !== "ECONNREFUSED") throw error;
      await pause(5);
    }
  }
}

test("datagram: socat's answers come back to the address we are bound to", async () => {
  using folder = tempFolder();
  const name = `${folder.path}/server`;
  await using _server = spawn("socat", {
    args: [`UNIX-RECVFROM:${name},fork`, "SYSTEM:tr a-z A-Z"],
  });
  using client = UnixDatagram.bind(`${folder.path}/client`);
  for (;;) {
    try {
      await client.send("hello", { to: name });
      break;
    } catch (error) {
      if ((error as { code: string }).code !== "ENOENT") throw error;
      await pause(5);
    }
  }
  assertEquals(text((await client.receive()).data), "HELLO");
}, { needs: ["socat"] });

test("Deno's own Unix sockets and ours understand each other", async () => {
  using folder = tempFolder();
  const ours = `${folder.path}/ours`;
  using listener = UnixListener.listen(ours);
  using theirClient = await Deno.connect({ transport: "unix", path: ours });
  using ourServer = await listener.accept();
  await theirClient.write(new TextEncoder().encode("from Deno"));
  assertEquals(text((await ourServer.receiveMessage())!.data), "from Deno");

  const theirs = `${folder.path}/theirs`;
  using theirListener = Deno.listen({ transport: "unix", path: theirs });
  const accepted = theirListener.accept();
  using ourClient = await UnixConnection.connect(theirs);
  using theirServer = await accepted;
  await ourClient.write("to Deno");
  const p = new Uint8Array(10);
  assertEquals(text(p.subarray(0, (await theirServer.read(p))!)), "to Deno");
});

test("a C server takes what we send it, an empty datagram too", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  await using peer = await Peer.c("syslog_server", [path]);
  using log = UnixDatagram.connect(path);
  for (const line of ["<13>first", "<11>second", ""]) await log.send(line);
  assertEquals(await peer.readLine(), "user.notice first");
  assertEquals(await peer.readLine(), "user.err second");
  assertEquals(await peer.readLine(), "empty");
}, { needs: ["gcc"] });
