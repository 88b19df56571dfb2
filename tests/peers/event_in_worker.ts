/** Says READY and what a Worker took, asleep in the event loop and in the kernel. */

import { EventFd } from "../../mod.ts";
import { say } from "./_peer.ts";

const scope = self as unknown as Worker;
if (self.name === "waiter") {
  scope.onmessage = async ({ data: [fd, answer] }) => {
    const event = EventFd.fromFd(fd);
    const first = await event.wait();
    EventFd.fromFd(answer).notify();
    scope.postMessage([first, event.waitSync()]);
  };
} else {
  const event = EventFd.create();
  const answer = EventFd.create();
  const worker = new Worker(import.meta.url, { type: "module", name: "waiter" });
  worker.onmessage = ({ data }) => {
    say(`READY ${data.join(" ")}`);
    worker.terminate();
  };
  worker.postMessage([event.fd, answer.fd]);
  event.notify(3);
  await answer.wait();
  event.notify(4);
}
