import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { COMMANDS } from "../lib/cli/_commands.ts";
import { commandHelp, overview } from "../lib/cli/_help.ts";
import { widthOf } from "../lib/cli/_text.ts";
import { assertIpcFails, ipc, MAIN } from "./_cli.ts";
import { denoArgs, output, pathOf, tempFolder, test } from "./_support.ts";

test("ipc help names every command, and the page of each has options and an example", async () => {
  const all = await ipc(["help"]);
  assertEquals(await ipc(["--help"]), all);
  for (const { name, summary, options, examples } of COMMANDS) {
    assertStringIncludes(all, summary);
    assert(examples.length > 0, name);
    for (const [line] of examples) assertStringIncludes(line, "ipc ");
    for (const { help } of Object.values(options)) assert(help !== "", name);
  }
});

test("ipc help fits 80 columns", () => {
  for (const page of [overview(COMMANDS), ...COMMANDS.map(commandHelp)]) {
    for (const line of page) assert(widthOf(line) <= 80 && !line.includes("…"), line);
  }
});

test("ipc help COMMAND and ipc COMMAND --help print the same page", async () => {
  const page = await ipc(["help", "ls"]);
  assertEquals(await ipc(["ls", "--help"]), page);
  assertEquals(await ipc(["ls", "no-kind", "-h"]), page);
  for (
    const part of ["Usage: ipc ls [OPTIONS] [KIND...]", "-l, --limits", "Examples:", "  ipc ls"]
  ) {
    assertStringIncludes(page, part);
  }
});

test("ipc says in one line that it may not call the C library", async () => {
  const args = ["run", "--no-prompt", "--quiet", MAIN, "ls"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const line = "ipc ls: Cannot call the C library: run Deno again with the --allow-ffi flag, " +
    "without a path\n";
  assertEquals({ code, stderr: new TextDecoder().decode(stderr) }, { code: 1, stderr: line });
});

test("ipc --version tells the version of the package", async () => {
  assertEquals(await ipc(["--version"]), `ipc ${config.version}\n`);
});

test("ipc tells wrong usage in one line on stderr, and exits with 2", async () => {
  await Promise.all([
    assertIpcFails([], 2, 'ipc: no command is given; see "ipc help"'),
    assertIpcFails(["lss"], 2, 'ipc: there is no command "lss"; see "ipc help"'),
    assertIpcFails(["help", "lss"], 2, 'ipc: there is no command "lss"; see "ipc help"'),
    assertIpcFails(["ls", "--jsn"], 2, 'ipc ls: there is no option --jsn; see "ipc help ls"'),
    assertIpcFails(["ls", "shm"], 2, /^ipc ls: KIND must be one of .*, received "shm"; see/),
    assertIpcFails(
      ["ls", "--sort", "x"],
      2,
      /^ipc ls: --sort must be one of .*, received "x"; see/,
    ),
    assertIpcFails(["show"], 2, 'ipc show: too few operands; see "ipc help show"'),
    assertIpcFails(["limits", "x"], 2, 'ipc limits: what is "x"?; see "ipc help limits"'),
  ]);
});

test("ipc keeps what others chose out of the terminal, also in errors", async () => {
  await assertIpcFails(["\x1b[2J\nx"], 2, /^ipc: there is no command "\\x1b\[2J\\nx"; see/);
  await assertIpcFails(["show", "posix-shm", "/a\nb\x1b"], 1, /^ipc show: .*none.*/);
});

test("ipc ends in silence when nobody reads its output", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(MAIN, ["help", "ls"]),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel(); // before it has started
  const errors = await new Response(child.stderr).text();
  assertEquals({ errors, code: (await child.status).code }, { errors: "", code: 0 });
});

test("ipc prints all of a long output into a pipe that does not block", async () => {
  using folder = tempFolder();
  const script = `
import fcntl, os, subprocess, sys
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
os.set_blocking(w, False)
ipc = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
read = b""
while chunk := os.read(r, 1000): read += chunk
sys.stdout.buffer.write(read)
sys.exit(ipc.wait())
`;
  await Deno.writeTextFile(`${folder.path}/reader.py`, script);
  const columns = new Array(3000).fill("age").join(","); // more than the pipe takes
  const args = denoArgs(MAIN, ["ls", "--columns", columns]);
  const text = await output("python3", [`${folder.path}/reader.py`, Deno.execPath(), ...args]);
  assertEquals(text.split("\n")[0]!.match(/AGE/g)?.length, 3000);
}, { needs: ["python3"] });

test("ipc works as deno install puts it, from anywhere", async () => {
  using folder = tempFolder();
  const flags = ["--quiet", "--global", "--root", folder.path, "--name", "ipc", "--allow-ffi"];
  await output(Deno.execPath(), ["install", ...flags, MAIN]);
  const text = await output(`${folder.path}/bin/ipc`, ["--version"], { cwd: folder.path });
  assertEquals(text, `ipc ${config.version}\n`);
});

test("deno task ipc runs it in place", async () => {
  const text = await output(Deno.execPath(), ["task", "--quiet", "ipc", "--version"], {
    cwd: pathOf(".."),
  });
  assertEquals(text, `ipc ${config.version}\n`);
});
