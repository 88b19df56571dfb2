/** Tells everybody who connects to the listener at descriptor 5 its own pid. */

import { UnixListener } from "../../mod.ts";

using listener = UnixListener.fromFd(5);
for await (const connection of listener) {
  await connection.write(String(Deno.pid));
  connection.close();
}
