/**
 * Creates queues, then prints `systemLimits` as JSON, or the error's code. Usage: inspect_limits
 * QUEUES, in JSON
 */

import { IpcError, PosixMessageQueue, systemLimits } from "../../mod.ts";

const queues = JSON.parse(Deno.args[0] ?? "[]");
try {
  for (const [i, options] of queues.entries()) PosixMessageQueue.create(`/queue-${i}`, options);
  console.log(
    JSON.stringify(
      systemLimits(),
      (_, value) => typeof value === "bigint" || value === Infinity ? String(value) : value,
    ),
  );
} catch (error) {
  if (!(error instanceof IpcError)) throw error;
  console.log(JSON.stringify(error.code));
}
