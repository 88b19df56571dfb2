/**
 * The library imported from a URL: a server gives out this checkout, and fresh processes with
 * an empty cache import it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { output, pathOf, tempFolder, test, uniqueName } from "./_support.ts";

const SCRIPT = (url: string, name: string): string => `
import { PosixSharedMemory } from "${url}/mod.ts";

console.log("imported");
try {
  using memory = PosixSharedMemory.create("${name}", { sizeBytes: 4096 });
  using written = memory.map();
  written.writeString("over HTTP");
  using opened = PosixSharedMemory.open("${name}", { readOnly: true });
  using seen = opened.map();
  console.log(seen.readString());
  PosixSharedMemory.unlink("${name}");
} catch (error) {
  console.log(error instanceof Deno.errors.NotCapable, error.message);
}
`;

/** Serves the files of this checkout; a `.ts` file needs a type that says so (F30). */
function serveCheckout(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const path = pathOf(`..${new URL(request.url).pathname}`);
    try {
      const headers = { "content-type": "text/typescript; charset=utf-8" };
      return new Response(await Deno.readTextFile(path), { headers });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new Response(null, { status: 404 });
      throw error;
    }
  });
}

/** What a fresh process prints that imports the library from a server, by lines. */
async function runImported(flags: string[]): Promise<string[]> {
  await using server = serveCheckout();
  using folder = tempFolder();
  const host = `127.0.0.1:${server.addr.port}`;
  const script = `${folder.path}/main.ts`;
  Deno.writeTextFileSync(script, SCRIPT(`http://${host}`, uniqueName()));
  const permissions = [...flags, `--allow-import=${host}`];
  const args = ["run", "--no-prompt", "--quiet", ...permissions, script];
  const env = { DENO_DIR: `${folder.path}/cache` };
  return (await output(Deno.execPath(), args, { cwd: folder.path, env })).trimEnd().split("\n");
}

test("the library works from a URL with --allow-ffi alone", async () => {
  assertEquals(await runImported(["--allow-ffi"]), ["imported", "over HTTP"]);
});

test("the library imports from a URL without --allow-ffi, and its first use names the flag", async () => {
  assertEquals(await runImported([]), [
    "imported",
    "true Cannot call the C library: run Deno again with the --allow-ffi flag, without a path",
  ]);
});
