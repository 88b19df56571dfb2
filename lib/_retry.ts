/**
 * Waiting for what nobody announces, without blocking: one timer for all who ask.
 *
 * @module
 */

const ROUND_MS = 5;
/** Most questions in a round; the next ones come first in the next (F22). */
const QUESTIONS = 200;

/** Who waits, the longest unasked first. */
const waiting = new Set<Question>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Something to ask until there is an answer. */
interface Question {
  /** Whether it is settled. */
  ask(): boolean;
}

/**
 * Asks now, and then every few milliseconds, until there is an answer.
 *
 * @param ask What to do; `undefined` means "not now".
 * @throws What `ask` throws; the signal's reason, if it is aborted first.
 */
export async function retryUntil<T>(
  ask: () => T | undefined,
  signal: AbortSignal | undefined,
): Promise<T> {
  const now = ask();
  if (now !== undefined) return now;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const question = {
    ask(): boolean {
      try {
        const answer = ask();
        if (answer === undefined) return false;
        resolve(answer);
      } catch (error) {
        reject(error);
      }
      return true;
    },
  };
  const onAbort = (): void => {
    remove(question); // at once: an answer that comes now would be lost
    reject(signal!.reason);
  };
  signal?.addEventListener("abort", onAbort);
  add(question);
  return await promise.finally(() => signal?.removeEventListener("abort", onAbort));
}

function add(question: Question): void {
  waiting.add(question);
  timer ??= setTimeout(askRound, ROUND_MS);
}

function remove(question: Question): void {
  waiting.delete(question);
  if (waiting.size > 0) return;
  clearTimeout(timer);
  timer = undefined;
}

function askRound(): void {
  timer = undefined;
  for (const question of [...waiting.values().take(QUESTIONS)]) {
    waiting.delete(question);
    if (!question.ask()) waiting.add(question);
  }
  if (waiting.size > 0) timer = setTimeout(askRound, ROUND_MS);
}
