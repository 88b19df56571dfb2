/**
 * What a person sees: views on terminals of 80 and of 200 columns, compared with the files in
 * `golden/`. Everything runs in namespaces of its own, so that ids and pids are always the same.
 * What the clock tells is replaced: an age by `0s`, in a column of the same width, a time by letters.
 *
 * `UPDATE_GOLDEN=1` writes the files anew.
 */

import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { output, pathOf, Peer, tempFolder, test } from "./_support.ts";
import { pause } from "./_time.ts";

const WIDTHS = [80, 200] as const;
const ROWS = 45;
const MAIN = pathOf("../lib/cli/main.ts");
const PEER = "cli_objects.ts";

const SETUP = `
set -e
mount -t tmpfs -o size=64m tmpfs /dev/shm
mkdir -p /dev/mqueue && mount -t mqueue none /dev/mqueue
ulimit -q 819200
umask 022
cd "$2"
# The next process gets the pid after this one.
echo 499 > /proc/sys/kernel/ns_last_pid
(exec -a maker "$1" run --quiet --allow-ffi ${PEER} make)
echo 599 > /proc/sys/kernel/ns_last_pid
exec 3< <(exec -a holder "$1" run --quiet --allow-ffi ${PEER} hold)
read -r ready <&3
unset NO_COLOR
export LC_ALL=C.UTF-8 TZ=UTC SHELL=/bin/sh
tmux="tmux -u -S $3 -f /dev/null"
for width in ${WIDTHS.join(" ")}; do
  $tmux new-session -d -s "w$width" -x "$width" -y ${ROWS} cat
done
echo READY
read -r end
`;

function ipcCommand(args: string): string {
  return `${Deno.execPath()} run --quiet --allow-ffi ${MAIN} ${args}`;
}

/** Terminals of every width, on a system that has the objects of `peers/cli_objects.ts`. */
class Terminals implements AsyncDisposable {
  readonly #folder = tempFolder();
  readonly #socket = `${this.#folder.path}/tmux`;
  #system: Peer | undefined;

  static async open(): Promise<Terminals> {
    const terminals = new Terminals();
    const namespaces = ["-imp", "--fork", "--kill-child", "--mount-proc"];
    const args = ["-c", SETUP, "setup", Deno.execPath(), pathOf("./peers"), terminals.#socket];
    terminals.#system = await Peer.start("unshare", [...namespaces, "bash", ...args]);
    return terminals;
  }

  tmux(...args: string[]): Promise<string> {
    return output("tmux", ["-u", "-S", this.#socket, ...args]);
  }

  /** Starts a shell command line in a terminal, alone on its screen. */
  async start(width: number, command: string): Promise<void> {
    await this.tmux(
      "respawn-pane",
      "-k",
      "-t",
      `w${width}`,
      `trap : INT; stty -echo; ${command}; exec cat`,
    );
  }

  /** Runs `ipc` to its end. */
  async run(width: number, args: string, env = ""): Promise<void> {
    const ended = `ended-${width}`;
    await this.start(
      width,
      `${env} ${ipcCommand(args)}; tmux -S ${this.#socket} wait-for -S ${ended}`,
    );
    await this.tmux("wait-for", ended);
  }

  /** What a terminal shows, without the empty lines at the end; an escape is shown as ␛. */
  async screen(width: number, ...options: string[]): Promise<string> {
    const text = await this.tmux("capture-pane", "-p", "-t", `w${width}`, ...options);
    return `${text.trimEnd().replaceAll("\x1b", "␛")}\n`;
  }

  /** What it shows, once it matches. */
  async until(width: number, pattern: RegExp, ...options: string[]): Promise<string> {
    for (;;) {
      const text = await this.screen(width, ...options);
      if (pattern.test(text)) return text;
      await pause(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#system![Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Replaces what the clock tells. */
function timeless(text: string): string {
  return text
    .replaceAll(/^(age +)\d+\w$/gm, (_, label) => `${label}0s`)
    .replaceAll(/ \d+[smh]$/gm, (age) => "0s".padStart(age.length))
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "YYYY-MM-DD hh:mm:ss")
    .replaceAll(/\d\d-\d\d \d\d:\d\d:\d\d/g, "MM-DD hh:mm:ss")
    .replaceAll(/\d\d:\d\d:\d\d/g, "hh:mm:ss");
}

async function assertGolden(name: string, text: string): Promise<void> {
  const path = pathOf(`./golden/${name}.txt`);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") await Deno.writeTextFile(path, timeless(text));
  assertEquals(timeless(text), await Deno.readTextFile(path), path);
}

const VIEWS: Record<string, string> = {
  ls: "ls",
  ls_pid: "ls --pid",
  ls_time: "ls --time",
  ls_limits: "ls --limits",
  show_memory: "show posix-shm /frames -n 64",
  show_queue: "show sysv-msg 0",
  show_set: "show sysv-sem 0",
};

const NEEDS = { needs: ["root", "tmux", "unshare"] } satisfies Parameters<typeof test>[2];

test("ipc shows on 80 and 200 columns what the golden files have", async () => {
  await using terminals = await Terminals.open();
  for (const [name, args] of Object.entries(VIEWS)) {
    for (const width of WIDTHS) {
      await terminals.run(width, args);
      const text = await terminals.screen(width);
      assertEquals(await terminals.screen(width, "-J"), text, `${args}: a line wraps`);
      await assertGolden(`${name}_${width}`, text);
    }
  }
}, NEEDS);

test("ipc limits warns of a limit that is nearly reached", async () => {
  await using terminals = await Terminals.open();
  await terminals.start(200, "echo 1 > /proc/sys/kernel/msgmni; echo done");
  await terminals.until(200, /done/);
  for (const width of WIDTHS) {
    await terminals.run(width, "limits");
    const text = await terminals.screen(width);
    assertEquals(await terminals.screen(width, "-J"), text, "a line wraps");
    // The one limit that belongs to the machine, not to a namespace.
    await assertGolden(`limits_${width}`, text.replace(/^.*pipe.*\n/m, ""));
  }
}, NEEDS);

test(
  "ipc watch redraws in place, highlights changes, and Ctrl-C restores the terminal",
  async () => {
    await using terminals = await Terminals.open();
    await terminals.start(
      80,
      `echo before; ${ipcCommand("watch --interval 1s")}; echo after`,
    );
    const first = await terminals.until(80, /^posix-sem/m);
    await assertGolden("watch_80", first);

    await terminals.start(200, "echo new > /dev/shm/new; truncate -s 8K /dev/shm/frames");
    const colours = await terminals.until(80, /\/new/, "-e");
    assertMatch(colours, /␛\[32m[^\n]*\/new/); // green: added
    assertMatch(colours, /frames[^\n]*␛\[7m *8K/); // reversed: changed
    await assertGolden("watch_changed_80", await terminals.screen(80));
    assertEquals(
      (await terminals.until(80, /\/new/)).split("\n").length,
      first.split("\n").length + 1,
    );

    await terminals.start(200, "rm /dev/shm/new");
    assertMatch(await terminals.until(80, /␛\[31m/, "-e"), /␛\[31m[^\n]*\/new/); // red: gone
    await terminals.until(80, /^(?![^]*\/new)/);

    await terminals.tmux("send-keys", "-t", "w80", "C-c");
    assertEquals(await terminals.until(80, /after/), "before\nafter\n");
    const modes = "#{alternate_on} #{cursor_flag} #{wrap_flag}";
    assertEquals(await terminals.tmux("display", "-p", "-t", "w80", modes), "0 1 1\n");
  },
  NEEDS,
);

test("ipc has colours on a terminal, unless NO_COLOR is set", async () => {
  await using terminals = await Terminals.open();
  await terminals.run(80, "ls");
  assertMatch(await terminals.screen(80, "-e"), /␛\[/);
  await terminals.run(80, "ls", "NO_COLOR=1");
  assertNotMatch(await terminals.screen(80, "-e"), /␛\[/);
  await terminals.run(80, "ls", "TERM=dumb");
  assertNotMatch(await terminals.screen(80, "-e"), /␛\[/);
}, NEEDS);

test(
  "ipc in an interactive bash: TAB completes, Ctrl-Z hands the terminal back, fg takes it",
  async () => {
    await using terminals = await Terminals.open();
    const type = (...keys: string[]) => terminals.tmux("send-keys", "-t", "w80", ...keys);
    await terminals.start(80, "stty echo; exec bash --norc --noprofile -i");
    await type(
      `ipc() { ${ipcCommand('"$@"')}; }; source <(ipc completion bash); clear; PS1="\\$ "`,
    );
    await type("Enter");
    await terminals.until(80, /^\$$/m);

    await type("ipc wat", "Tab", "posix-m", "Tab", "-n 1h", "Enter");
    const list = await terminals.until(80, /jobs/);
    await type("C-z");
    assertMatch(await terminals.until(80, /Stopped/), /^\$ ipc watch posix-mq -n 1h\n/);
    await type("fg", "Enter");
    assertEquals(timeless(await terminals.until(80, /jobs/)), timeless(list));

    await terminals.tmux("resize-window", "-t", "w80", "-x", "40");
    const narrow = await terminals.until(80, /…$/m); // drawn anew, long before the next look
    assertEquals(await terminals.screen(80, "-J"), narrow, "a line wraps");
    await type("C-c");
    await terminals.until(80, /\$\n$/);
  },
  NEEDS,
);
