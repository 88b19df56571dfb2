/**
 * Sends back what it is sent, as a message or on the channel that it is named after. Sent words
 * to share, it answers each change of the first with one of the other.
 *
 * @module
 */

/// <reference lib="deno.worker" />

const scope: { name: string } & Pick<Worker, "onmessage" | "postMessage"> = self as never;

scope.onmessage = ({ data }) => {
  if (data instanceof Int32Array) answer(data);
  else scope.postMessage(data);
};
if (scope.name !== "") {
  const channel = new BroadcastChannel(scope.name);
  channel.onmessage = ({ data }) => channel.postMessage(data);
}

function answer(words: Int32Array): never {
  for (let turn = 0;; turn++) {
    while (Atomics.load(words, 0) === turn) Atomics.wait(words, 0, turn);
    Atomics.store(words, 32, turn + 1);
    Atomics.notify(words, 32, 1);
  }
}
