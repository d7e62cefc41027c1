/** Queues whose messages still wait: they live until these are delivered, also at the end of a process, within a deadline. */

import { clearInterval, setInterval } from 'node:timers';

import { ActiveCall } from './active-call.js';
import { native } from './native.js';

/** A queue whose messages are delivered in the background. */
interface Queue {
  flush(options: { timeout: number }): Promise<unknown>;
}

/** The most milliseconds that the end of a process waits for messages. */
export const PATIENCE = 2000;

/** The interval at which busy queues are asked if they still wait, in milliseconds. */
const LOOK = 500;

const living = new Map<number, WeakRef<Queue>>();
const dropped = new FinalizationRegistry<number>((number) => living.delete(number));
const numbers = new WeakMap<Queue, number>();
let last = 0;

/** True once something was queued that no flush at an end has covered. */
let isDue = false;

/** Delivers the messages of a queue when this process, or this worker, has nothing else to do. */
export function deliverAtExit(queue: Queue): void {
  watch();
  last += 1;
  living.set(last, new WeakRef(queue));
  numbers.set(queue, last);
  dropped.register(queue, last, queue);
  isDue = true;
}

let isWatched = false;
let finish: (() => void) | undefined;

/** Calls `act` when this process has nothing else to do, and has delivered what waited. */
export function atLast(act: () => void): void {
  finish = act;
  watch();
}

function watch(): void {
  if (!isWatched) process.on('beforeExit', deliver);
  isWatched = true;
}

/** The queues that wait with functions that core calls, which are gone with their queue; each with its look. */
const busy = new Map<Queue, () => boolean>();
let looking: NodeJS.Timeout | undefined;

/** Notes that a queue has something to deliver. It is kept as long as `isWaiting` returns true, if it is given. */
export function isQueued(queue: Queue, isWaiting?: () => boolean): void {
  isDue = true;
  if (!isWaiting || !numbers.has(queue)) return;
  busy.set(queue, isWaiting);
  looking ??= setInterval(look, LOOK).unref();
}

function look(): void {
  for (const [queue, isWaiting] of busy) if (!isWaiting()) busy.delete(queue);
  if (busy.size > 0) return;
  clearInterval(looking);
  looking = undefined;
}

/** The queue was shut down: nothing of it is delivered any more. */
export function isOver(queue: Queue): void {
  const number = numbers.get(queue);
  if (number !== undefined) living.delete(number);
  numbers.delete(queue);
  dropped.unregister(queue);
  busy.delete(queue);
}

/** Each end of the work is covered once: without anything new, a service that is down does not keep the process alive. */
function deliver(): void {
  // The deliveries bring the process here again.
  if (!isDue) return finish?.();
  isDue = false;
  for (const queue of living.values()) queue.deref()?.flush({ timeout: PATIENCE }).catch(() => {});
  new ActiveCall(() => native.flushDropped(PATIENCE)).value().catch(() => {});
}
