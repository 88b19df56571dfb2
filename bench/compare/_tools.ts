/**
 * What this machine has: compilers, runtimes, packages, cores.
 *
 * @module
 */

import type { Machine } from "./_results.ts";

/** Where something is, or why it is nowhere. */
export type Found = { path: string } | { path?: undefined; why: string };

export interface Tools {
  /** The compiled C program. */
  c: Found;
  node: Found;
  python: Found;
  /** Folders in which npm packages are installed, by name. */
  packages: Record<string, Found>;
  /** Cores that we may use; what pins to them is `taskset`, if there is one. */
  cpus: number[];
  canPin: boolean;
}

const PEERS = new URL("../peers/compare/", import.meta.url).pathname;
const C_FILES = ["main.c", "descriptors.c", "queues.c", "memory.c"];

/** Looks for everything, and builds what has to be built in `folder`. */
export async function findTools(folder: string, packages: string[]): Promise<Tools> {
  const node = await findNode();
  return {
    c: await compile(`${folder}/peer`),
    node,
    python: await find("python3"),
    packages: Object.fromEntries(
      await Promise.all(packages.map(async (spec) => {
        const name = spec.slice(0, spec.lastIndexOf("@"));
        const home = `${folder}/${name.replace("/", "-")}`;
        return [name, node.path === undefined ? node : await install(spec, name, home)];
      })),
    ),
    cpus: allowedCpus(Deno.readTextFileSync("/proc/self/status")),
    canPin: (await find("taskset")).path !== undefined,
  };
}

/** Without npm packages, as `--quick` has no time to build them. */
export function withoutPackages(packages: string[]): Tools["packages"] {
  return Object.fromEntries(
    packages.map((spec) => [spec.slice(0, spec.lastIndexOf("@")), { why: "left out by --quick" }]),
  );
}

/** The list of cores in a `/proc/PID/status`, such as `0-2,5`. */
export function allowedCpus(status: string): number[] {
  const [, list = "0"] = status.match(/^Cpus_allowed_list:\s*(\S+)/m) ?? [];
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

export async function describeMachine(tools: Tools): Promise<Machine> {
  const cpu = Deno.readTextFileSync("/proc/cpuinfo").match(/^model name\s*:\s*(.*)$/m)?.[1];
  const version = async (found: Found, command: string): Promise<string> =>
    found.path === undefined
      ? "none"
      : (await run(command, ["--version"])).stdout.match(/\d+\.\d+(\.\d+)?/)?.[0] ?? "unknown";
  return {
    cpu: cpu ?? Deno.build.arch,
    cores: tools.cpus.length,
    kernel: /^[\d.]+/.exec(Deno.osRelease())![0],
    deno: Deno.version.deno,
    gcc: await version(tools.c, "gcc"),
    node: await version(tools.node, "node"),
    python: await version(tools.python, "python3"),
    date: new Date().toISOString().slice(0, 10),
  };
}

async function find(name: string): Promise<Found> {
  const { success, stdout } = await run("sh", ["-c", `command -v ${name}`]);
  return success ? { path: stdout.trim() } : { why: `${name} is not installed` };
}

/** Where there is no Node, Deno puts itself in its place, and has another way to say its version. */
async function findNode(): Promise<Found> {
  const found = await find("node");
  if (found.path === undefined) return found;
  const { stdout } = await run(found.path, ["--version"]);
  return stdout.startsWith("v") ? found : { why: "node is not installed" };
}

async function compile(program: string): Promise<Found> {
  const gcc = await find("gcc");
  if (gcc.path === undefined) return gcc;
  const sources = C_FILES.map((file) => PEERS + file);
  const flags = ["-O2", "-Wall", "-Werror", "-D_GNU_SOURCE", "-pthread"];
  const { success, stderr } = await run(gcc.path, [...flags, "-o", program, ...sources, "-lrt"]);
  if (!success) throw new Error(`Cannot compile the C program: ${stderr}`);
  return { path: program };
}

/** Each package in a folder of its own: one that cannot be built does not take others with it. */
async function install(spec: string, name: string, folder: string): Promise<Found> {
  const npm = await find("npm");
  if (npm.path === undefined) return npm;
  await Deno.mkdir(folder);
  const allowScripts = { [name]: true }; // newer versions of npm build nothing that is not named
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ private: true, allowScripts }),
  );
  const args = ["install", "--no-audit", "--no-fund", spec];
  const { success } = await run("npm", args, folder);
  if (!success) return { why: "cannot be installed or built here" };
  const load = await run("node", ["-e", `require(${JSON.stringify(name)})`], folder);
  return load.success ? { path: folder } : { why: "is installed, but does not load" };
}

async function run(
  command: string,
  args: string[],
  cwd = ".",
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, stdout: out!, stderr: err! };
}
