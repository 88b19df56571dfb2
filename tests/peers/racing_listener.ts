/** Listens on a path when it is told to, at the same time as others. */

import { IpcExistsError, UnixListener } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [path] = Deno.args;
say("READY");
hear();
try {
  const listener = UnixListener.listen(path!, { unlinkOnClose: false });
  say("listening");
  await listener.accept();
} catch (error) {
  if (!(error instanceof IpcExistsError)) throw error;
  say(error.code);
}
