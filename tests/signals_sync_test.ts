import { assertEquals } from "@std/assert";
import * as library from "../mod.ts";
import { Peer, runPeer, tempFolder, test, uniqueName } from "./_support.ts";
import { FORMS } from "./peers/_sync_forms.ts";

const { setIntervalTimer, signals, spawn } = library;

test("every Sync form waits on while handlers run, and no signal is lost", async () => {
  using folder = tempFolder();
  const args = [folder.path, uniqueName()];
  await using peer = await Peer.deno("sync_forms", args, ["--allow-read"]);
  for (const name of Object.keys(FORMS)) assertEquals(await peer.readLine(), name);
  assertEquals((await peer.status).code, 0);
});

test("every Sync form of the library is among them", () => {
  const isSync = (name: string): boolean => name.endsWith("Sync");
  const names = Object.entries(library).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    const members = [...Object.getOwnPropertyNames(value)];
    if ("prototype" in value) members.push(...Object.getOwnPropertyNames(value.prototype));
    return [name, ...members.map((member) => `${name}.${member}`)].filter(isSync);
  });
  assertEquals(new Set(Object.keys(FORMS).map((name) => name.split(" ")[0]!)), new Set(names));
});

test("spawn() starts its programs while handlers run, and no signal is lost", async () => {
  using ticks = signals(["SIGALRM"], { details: true });
  setIntervalTimer(1, 1);
  const children = Array.from({ length: 100 }, () => spawn("true"));
  setIntervalTimer(0);
  const codes = await Promise.all(children.map(async ({ status }) => (await status).code));
  assertEquals(codes, children.map(() => 0));
  for await (const { code } of ticks) {
    assertEquals(code, 128); // of the kernel
    break;
  }
});

for (const kind of ["names", "details"]) {
  test(`signals() with ${kind} lets what was sent before its end do nothing after it`, async () => {
    assertEquals(await runPeer("signal_late", [kind], ["--allow-read"]), "alive");
  });
}
