/**
 * What small services on a machine speak: a line to a syslog-like socket, and `READY=1` to a
 * service manager. Both sides are shown; `/dev/log` and the real `NOTIFY_SOCKET` work the same.
 * Run it with `deno task demo:syslog`.
 *
 * @module
 */

import { spawn, UnixDatagram } from "../mod.ts";
import { failed } from "./_child.ts";
import { interrupted, orAborted, run } from "./_peer.ts";

const SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const USER_FACILITY = 1;

const DECODER = new TextDecoder();

function say(who: string, what: string): void {
  console.log(`${who.padEnd(8)} ${what}`);
}

/** A syslog daemon, a service manager, and the service that speaks to both. */
async function manage(): Promise<void> {
  const stop = interrupted();
  const folder = await Deno.makeTempDir();
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
  using log = UnixDatagram.bind(`${folder}/log`, { mode: 0o666 });
  using notify = UnixDatagram.bind(`${folder}/notify`);
  notify.receiveCredentials = true; // anybody could say READY=1
  await using service = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-ffi", "--allow-env", import.meta.filename!, "service"],
    env: { DEMO_LOG: `${folder}/log`, NOTIFY_SOCKET: `${folder}/notify` },
  });
  say("manager", `started the service, process ${service.pid}`);
  const signal = AbortSignal.any([stop, failed(service)]);

  const { data: first } = await log.receive({ signal });
  say("syslog", explain(DECODER.decode(first)));
  const { data, credentials } = await notify.receive({ signal });
  const isService = credentials?.pid === service.pid;
  say("manager", `${DECODER.decode(data)} from ${isService ? "the service" : "a stranger"}`);
  const { data: last } = await log.receive({ signal });
  say("syslog", explain(DECODER.decode(last)));
  await orAborted(service.status, signal);
  signal.throwIfAborted();
}

/** `<13>tag: text`, in words. */
function explain(line: string): string {
  const [, priority, text] = /^<(\d+)>(.*)$/.exec(line) ?? [];
  return `${SEVERITIES[Number(priority) % 8]}: ${text}`;
}

/** The service: no permission to open anything, only to send. */
async function serve(): Promise<void> {
  using log = UnixDatagram.connect(Deno.env.get("DEMO_LOG")!);
  const write = (severity: string, text: string): Promise<void> =>
    log.send(`<${USER_FACILITY * 8 + SEVERITIES.indexOf(severity)}>demo[${Deno.pid}]: ${text}`);
  await write("notice", "starting");
  using manager = UnixDatagram.connect(Deno.env.get("NOTIFY_SOCKET")!);
  await manager.send("READY=1");
  await write("warning", "nothing to do, ending");
}

await run(() => Deno.args[0] === "service" ? serve() : manage());
