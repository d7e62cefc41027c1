/** Taking from native calls, and waiting for them: one wake from the native side serves all calls that became ready meanwhile. */

import { clearInterval, setImmediate, setInterval, setTimeout } from 'node:timers';

import { native } from './native.js';

type Waker = InstanceType<typeof native.Waker>;

/** Takes from a call. If that returns `null`, the waker is woken with the id once there is something to take. */
export type Take<T> = (waker: Waker, id: number) => T | null;

/** The calls that wait, by their ids. */
const waiting = new Map<number, () => void>();
let lastId = 0;

/** When the event loop last had its turn. */
let turned = 0;

/** The longest time for which streams that are ahead of their readers occupy the event loop, in milliseconds. */
const SHARE = 4;

/** The time for which an idle waker is kept, in milliseconds. */
const KEPT = 20;

/** The calls to wake at the next turn, while one is due. */
let due: number[] | undefined;

/** Exists while a call waits, and shortly after: an idle client must not leave an open handle. */
let waker: Waker | undefined;

/** Closes the waker once no call has waited for a while. */
let closing: NodeJS.Timeout | undefined;

function onReady(ids: number[]): void {
  if (due) {
    due.push(...ids);
  } else if (Date.now() === turned) {
    // A wake costs as much as many chunks: the wakes of a fast stream, and of many streams, are gathered for a
    // millisecond. The first chunk after a silence is delivered at once.
    due = ids;
    setTimeout(() => {
      const gathered = due ?? [];
      due = undefined;
      wake(gathered);
    }, 1);
  } else {
    wake(ids);
  }
}

function wake(ids: number[]): void {
  turned = Date.now();
  for (const id of ids) {
    const later = waiting.get(id);
    waiting.delete(id);
    later?.();
  }
  if (waiting.size === 0) rest();
}

/** No call waits: the process may end, and the waker after a while. */
function rest(): void {
  alive?.unref();
  closing = closing?.refresh() ?? setTimeout(close, KEPT).unref();
}

function close(): void {
  closing = undefined;
  if (waiting.size > 0) return;
  waker?.close();
  waker = undefined;
  clearInterval(alive);
  alive = undefined;
}

// The waker keeps no process alive, so an idle client does not either. A call that waits does.
let alive: NodeJS.Timeout | undefined;

/** Takes from a call. If there is nothing yet, it returns `null`, and calls `later` when there may be. */
export function take<T>(from: Take<T>, later: () => void): T | null {
  lastId = (lastId + 1) >>> 0;
  const taken = from((waker ??= new native.Waker(onReady)), lastId);
  if (taken === null) {
    if (waiting.size === 0) alive = alive?.ref() ?? setInterval(() => {}, 2 ** 31 - 1);
    waiting.set(lastId, later);
  } else if (waiting.size === 0 && !closing) {
    rest();
  }
  return taken;
}

/** True if everything else in the event loop is due for a turn. */
export function isTurnDue(): boolean {
  return Date.now() - turned >= SHARE;
}

/** Gives everything else in the event loop a turn, and calls back. */
export function turn(after: () => void): void {
  setImmediate(() => {
    turned = Date.now();
    after();
  });
}
