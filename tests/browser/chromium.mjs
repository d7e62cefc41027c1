/** Debian's Chromium, by playwright-core. */

import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

const executablePath = process.env.TURNWIRE_CHROMIUM ?? '/usr/bin/chromium';

/** Sound plays without a gesture of the user; the tests of blocked sound leave this out. */
export const WITH_SOUND = '--autoplay-policy=no-user-gesture-required';

/** Starts a browser; `close()` ends it. */
export async function startChromium({ args = [WITH_SOUND] } = {}) {
  if (!existsSync(executablePath)) throw new Error(`there is no ${executablePath}: apt-get install chromium fonts-noto-cjk`);
  return chromium.launch({
    executablePath,
    // It takes seconds, and many on a busy machine or a cold disk.
    timeout: 180_000,
    // Root has no sandbox. The rest makes pictures the same everywhere.
    args: ['--no-sandbox', '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb', ...args],
  });
}

/** The longest wait for a condition, in milliseconds: a guard against a test that hangs, far from what a slow machine takes. */
export const LIMIT = 60_000;

/** Waits until a function of this process returns something true, and gives that. */
export async function until(holds, found = () => '', ms = LIMIT) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`it did not come so: ${await found()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
