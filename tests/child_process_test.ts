import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpcNotFoundError, type ProcessEvent, spawn } from "../mod.ts";
import { children, denoArgs, output, pathOf, Peer, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

test("ChildProcess.status tells exit codes and signals apart", async () => {
  const exit = (code: number) => spawn("sh", { args: ["-c", `exit ${code}`] }).status;
  assertEquals(await exit(0), { success: true, code: 0, signal: null });
  assertEquals(await exit(255), { success: false, code: 255, signal: null });
  const killed = (signal: string) => spawn("sh", { args: ["-c", `kill -${signal} $$`] }).status;
  assertEquals(await killed("KILL"), { success: false, code: 137, signal: "SIGKILL" });
  assertEquals(await killed("ABRT"), { success: false, code: 134, signal: "SIGABRT" });
  assertEquals(await killed("35"), { success: false, code: 163, signal: "SIGRTMIN+1" });
});

test("ChildProcess.status is right for each of 200 children beside 50 of Deno's", async () => {
  const ours = Array.from({ length: 200 }, async (_, i) => {
    const child = spawn("sh", { args: ["-c", i % 2 === 0 ? `exit ${i}` : "kill -TERM $$"] });
    return (await child.status).code;
  });
  const others = Array.from({ length: 50 }, async (_, i) => {
    const child = new Deno.Command("sh", { args: ["-c", `exit ${i}`] }).spawn();
    return (await child.status).code;
  });
  assertEquals(await Promise.all(ours), ours.map((_, i) => i % 2 === 0 ? i : 143));
  assertEquals(await Promise.all(others), others.map((_, i) => i));
});

test("a child that nobody asks about leaves no zombie", async () => {
  const before = children();
  const { pid } = spawn("true");
  while (children().includes(String(pid))) await pause(1);
  assertEquals(children(), before);
});

test("ChildProcess.kill() sends names and numbers, and refuses what is none", async () => {
  const peer = spawn("sleep", { args: ["1000"] });
  // deno-lint-ignore no-explicit-any
  assertThrows(() => peer.kill("SIGNONE" as any), TypeError, "SIGNONE");
  assertThrows(() => peer.kill(0), RangeError, "signal");
  assertThrows(() => peer.kill(65), RangeError, "signal");
  peer.kill(64);
  assertEquals((await peer.status).signal, "SIGRTMIN+30");
  const other = spawn("sleep", { args: ["1000"] });
  other.kill();
  assertEquals((await other.status).signal, "SIGTERM");
});

test("ChildProcess.kill() of a child that has ended is IpcNotFoundError", async () => {
  const child = spawn("true");
  await child.status;
  for (const act of [() => child.kill(), () => child.stop(), () => child.resume()]) {
    assertEquals(assertThrows(act, IpcNotFoundError).code, "ESRCH");
  }
});

test("ChildProcess.events tells each stop and continue, and the end", async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  const events: ProcessEvent[] = [];
  child.stop(); // before anybody listens
  for await (const event of child.events) {
    events.push(event);
    if (event.state === "stopped") child.resume();
    // Not SIGTSTP: in an orphaned process group, as under some runners, the kernel drops it.
    if (event.state === "continued" && events.length < 6) child.stop();
    else if (event.state === "continued") child.kill("SIGKILL");
  }
  assertEquals(events, [
    { state: "stopped", signal: "SIGSTOP" },
    { state: "continued" },
    { state: "stopped", signal: "SIGSTOP" },
    { state: "continued" },
    { state: "stopped", signal: "SIGSTOP" },
    { state: "continued" },
    { state: "exited", code: 137, signal: "SIGKILL" },
  ]);
});

test("ChildProcess.events goes to everybody who listens, beside a stopped child of Deno's", async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  const other = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  const states = async (): Promise<string[]> =>
    (await Array.fromAsync(child.events)).map(({ state }) => state);
  const both = [states(), states()];
  other.kill("SIGSTOP");
  child.stop();
  for await (const { state } of child.events) if (state === "stopped") break;
  other.kill("SIGKILL");
  await other.status;
  child.kill("SIGKILL");
  for (const seen of await Promise.all(both)) assertEquals(seen, ["stopped", "exited"]);
});

test("ChildProcess.events of a child that has ended tells just that", async () => {
  const child = spawn("sh", { args: ["-c", "exit 7"] });
  await child.status;
  assertEquals(await Array.fromAsync(child.events), [{ state: "exited", code: 7 }]);
});

test("disposing a child kills it and waits, or does nothing once it has ended", async () => {
  const before = children();
  {
    await using child = spawn("sh", { args: ["-c", "trap '' TERM; exec sleep 1000"] });
    assert(children().includes(String(child.pid)));
  }
  assertEquals(children(), before);
  await using ended = spawn("true");
  await ended.status;
});

test("a running child keeps the process alive unless it is unref'd", async () => {
  const run = (mode: string): Promise<string> =>
    output(Deno.execPath(), denoArgs(pathOf("./peers/child_keeper.ts"), [mode]));
  assertEquals(await run("ref"), "exit 5\n");
  const pid = await run("unref");
  Deno.kill(Number(pid), "SIGKILL"); // still there: its parent did not wait
});

test("spawn() works in a Worker, events too, with --allow-ffi alone", async () => {
  await using peer = await Peer.deno("child_in_worker", [], ["--allow-read"]);
  assertEquals(peer.data, "stopped continued exited");
});

testWithoutRing(import.meta.filename!);
