/** Waiting for native calls: one wake from the native side serves every call that became ready meanwhile. */

import { setImmediate, setInterval, setTimeout } from 'node:timers';

import { native, type Call } from './native.js';

const waiting = new Map<number, () => void>();
let lastId = 0;

/** When the event loop last had its turn. */
let turned = 0;

/** How long streams that are ahead of their readers may keep the event loop to themselves, in milliseconds. */
const SHARE = 4;

/** The calls to wake at the next turn, while one is due. */
let due: number[] | undefined;

const waker = new native.Waker((ids) => {
  if (due) {
    due.push(...ids);
  } else if (Date.now() === turned) {
    // A wake costs as much as many chunks: those of a fast stream, and of many streams, are gathered for a
    // millisecond. One that was silent is heard at once.
    due = ids;
    setTimeout(() => {
      const gathered = due ?? [];
      due = undefined;
      wake(gathered);
    }, 1);
  } else {
    wake(ids);
  }
});

function wake(ids: number[]): void {
  turned = Date.now();
  for (const id of ids) {
    waiting.get(id)?.();
    waiting.delete(id);
  }
  if (waiting.size === 0) alive.unref();
}

// The waker keeps no process alive, so that an idle client does not either. Somebody who waits does.
const alive = setInterval(() => {}, 2 ** 31 - 1).unref();

/** Waits until the call has something to take. */
export function ready(call: Call): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.size === 0) alive.ref();
    lastId = (lastId + 1) >>> 0;
    waiting.set(lastId, resolve);
    call.wait(waker, lastId);
  });
}

/** Whether it is time to let everything else in the event loop have its turn. */
export function isTurnDue(): boolean {
  return Date.now() - turned >= SHARE;
}

/** Lets everything else in the event loop have its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      turned = Date.now();
      resolve();
    });
  });
}
