// In an IPC namespace of its own, where no queues are mounted: `ipc rm` of a queue by its name.
import { main } from "../../lib/cli/main.ts";
import { PosixMessageQueue } from "../../mod.ts";
import { captured } from "../_captured.ts";
import { say } from "./_peer.ts";

async function rm(...options: string[]): Promise<unknown[]> {
  const { code, stdout, stderr } = await captured(() =>
    main(["rm", "posix-mq", "/jobs", ...options])
  );
  return [code, stdout, stderr];
}

PosixMessageQueue.create("/jobs").close();
say(JSON.stringify({ dry: await rm("--dry-run"), first: await rm(), second: await rm() }));
