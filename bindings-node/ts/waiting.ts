/** Waiting for native calls: one wake from the native side serves all calls that became ready meanwhile. */

import { clearInterval, setImmediate, setInterval, setTimeout } from 'node:timers';

import { native, type Call } from './native.js';

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
let waker: InstanceType<typeof native.Waker> | undefined;

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
    waiting.get(id)?.();
    waiting.delete(id);
  }
  if (waiting.size === 0) {
    alive?.unref();
    closing = closing?.refresh() ?? setTimeout(close, KEPT).unref();
  }
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

/** Waits until the call has something to take. */
export function ready(call: Call): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.size === 0) alive = alive?.ref() ?? setInterval(() => {}, 2 ** 31 - 1);
    lastId = (lastId + 1) >>> 0;
    waiting.set(lastId, resolve);
    call.wait((waker ??= new native.Waker(onReady)), lastId);
  });
}

/** True if everything else in the event loop is due for a turn. */
export function isTurnDue(): boolean {
  return Date.now() - turned >= SHARE;
}

/** Gives everything else in the event loop a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      turned = Date.now();
      resolve();
    });
  });
}
