import { assertEquals } from "@std/assert";
import { handlerOf, HANDLERS, SignalHandler } from "../ffi/signal_handler.ts";
import { SIGRTMAX } from "../ffi/signals.ts";
import { compileSource, type Need, output, pathOf, tempFolder, test } from "./_support.ts";

const HOST = Deno.build.arch;
const FD = 100;
const DATA = 0x1000_0000n;

for (const arch of ["x86_64", "aarch64"] as const) {
  const tools: Need[] = [`${arch}-linux-gnu-gcc`];

  test(`the handler's bytes are what the assembler makes of its text on ${arch}`, async () => {
    for (const [fd, data] of [[FD, DATA], [0x7fff_ffff, 0x7edc_ba98_7654_3210n]] as const) {
      const listing = HANDLERS[arch](fd, data);
      const text = listing.map(([assembly]) => assembly).join("\n");
      const symbols = `.set fd, ${fd}\n.set data, ${data}\n`;
      const assembled = await assemble(arch, `${symbols}${text}\n`);
      assertEquals(hex(listing.flatMap(([_, ...code]) => code)), hex([...assembled]));
    }
  }, { needs: tools });

  test(`the handler writes, goes on, keeps errno and counts what is lost on ${arch}`, async () => {
    const instructions = HANDLERS[arch](FD, DATA).map(([_, ...code]) => code);
    const source = Deno.readTextFileSync(pathOf("./peers/signal_handler.c"));
    const program = await compileSource(source, `${arch}-linux-gnu-gcc`, ["-static"]);
    const [command = "", ...args] = [...arch === HOST ? [] : [`qemu-${arch}-static`], program];
    const entry = String(instructions[0]!.length);
    assertEquals(
      await output(command, [...args, hex(instructions.flat()), entry, String(FD), String(DATA)]),
      "writes what it is given\n" +
        "goes on to the handler before it\n" +
        "writes nothing when it is not live\n" +
        "counts what finds the pipe full\n" +
        "loses no count on four threads\n",
    );
  }, { needs: arch === HOST ? tools : [...tools, `qemu-${arch}-static`] });
}

test("SignalHandler runs from memory that cannot be written, and takes itself back", () => {
  const handler = new SignalHandler(SIGRTMAX, FD);
  const before = installed();
  handler.install(undefined, "test");
  const address = installed();
  assertEquals(protectionOf(address), "r-xp");
  assertEquals(handler.remove("test"), true);
  assertEquals(installed(), before);
  handler.install(undefined, "test");
  assertEquals(installed(), address, "it is used again");
  assertEquals(handler.remove("test"), true);
});

test("SignalHandler leaves a handler alone that was installed over it", () => {
  const [below, above] = [new SignalHandler(SIGRTMAX, FD), new SignalHandler(SIGRTMAX, FD)];
  const before = installed();
  below.install(undefined, "test");
  const address = installed();
  above.install(undefined, "test");
  assertEquals(below.remove("test"), false);
  assertEquals(above.remove("test"), true);
  assertEquals(installed(), address, "what stood below it is back");
  assertEquals(below.remove("test"), true);
  assertEquals(installed(), before);
});

/** The address of the handler of SIGRTMAX. */
function installed(): bigint {
  return handlerOf(SIGRTMAX, "test");
}

function protectionOf(address: bigint): string | undefined {
  for (const row of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
    const [, start, end, protection] = /^(\w+)-(\w+) (\S+)/.exec(row) ?? [];
    if (address >= BigInt(`0x${start}`) && address < BigInt(`0x${end}`)) return protection;
  }
}

async function assemble(arch: string, text: string): Promise<Uint8Array> {
  using folder = tempFolder();
  const [source, object, code] = ["s", "o", "bin"].map((end) => `${folder.path}/handler.${end}`);
  Deno.writeTextFileSync(source!, text);
  await output(`${arch}-linux-gnu-as`, ["-o", object!, source!]);
  const onlyText = ["-O", "binary", "-j", ".text"];
  await output(`${arch}-linux-gnu-objcopy`, [...onlyText, object!, code!]);
  return Deno.readFileSync(code!);
}

function hex(bytes: number[]): string {
  return new Uint8Array(bytes).toHex();
}
