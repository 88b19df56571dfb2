/** A service for a service manager: greets whoever connects, with the name of the listener. */

import { inheritedListeners, IpcError } from "../../mod.ts";

try {
  const listeners = inheritedListeners();
  if (listeners.length === 0) Deno.exit(2);
  const rest = inheritedListeners().length;
  await Promise.all(listeners.map(async ({ name, listener }) => {
    for await (const connection of listener) {
      const address = JSON.stringify(listener.localAddress);
      await connection.write(`${name} ${address} then ${rest}`);
      connection.close();
    }
  }));
} catch (error) {
  if (!(error instanceof IpcError)) throw error;
  Deno.exit(error.code === "EINVAL" ? 3 : error.code === "EBADF" ? 4 : 5);
}
