/** The end of a process: messages that still wait are delivered, within a deadline. */

/** A queue whose messages are delivered in the background. */
interface Queue {
  flush(options: { timeout: number }): Promise<unknown>;
}

/** The most milliseconds that the end of a process waits for messages. */
const PATIENCE = 2000;

const living = new Map<number, WeakRef<Queue>>();
const dropped = new FinalizationRegistry<number>((number) => living.delete(number));
let last = 0;

/** Delivers the messages of a queue when this process, or this worker, has nothing else to do. */
export function deliverAtExit(queue: Queue): void {
  if (last === 0) process.once('beforeExit', deliver);
  last += 1;
  living.set(last, new WeakRef(queue));
  dropped.register(queue, last);
}

function deliver(): void {
  for (const queue of living.values()) queue.deref()?.flush({ timeout: PATIENCE }).catch(() => {});
}
