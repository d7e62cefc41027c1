/** Waiting for a state of the system, with a guard. */

import { setTimeout as wait } from 'node:timers/promises';

/** The guard of every wait: a healthy system needs seconds. */
export const GUARD = 60_000;

/** Calls a function every `tick` ms until it gives something; a guard of `ms` ends the wait, with what there is instead. */
export async function until(holds, found = () => '', ms = GUARD, tick = 20) {
  const end = Date.now() + ms;
  for (;;) {
    // Before the look: after a pause of the machine there is one more.
    const isLate = Date.now() > end;
    const value = await holds();
    if (value) return value;
    if (isLate) throw new Error(`it did not come so within ${ms / 1000} s: ${await found()}`);
    await wait(tick);
  }
}
