/** The page of examples/react in Chromium, before the Flask example with the fakes. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { LIMIT, startChromium, until } from './chromium.mjs';
import { startFlask } from './flask.mjs';
import { startFront } from './front.mjs';

const BUILT = fileURLToPath(new URL('../../examples/react/dist', import.meta.url));

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 375, height: 740 };

/** A reply of these pieces. */
export const reply = (...pieces) => ({
  steps: [{ role: 'assistant' }, ...pieces.map((piece) => (typeof piece === 'string' ? { text: piece } : piece)), { finish: 'stop' }, { done: true }],
});

let holds = 0;
/** A place in a reply at which it waits until `site.release` lets it go on, however slow the page is. */
export const hold = () => ({ hold: `hold ${(holds += 1)}` });

/** A reply that never ends. */
export const endless = { steps: [{ role: 'assistant' }, { text: '반쪽' }, { stall: true }] };

/** Makes a page as many times slower as this, to see that no test depends on its pace. */
const SLOWDOWN = Number(process.env.TURNWIRE_PAGE_SLOWDOWN ?? 1);

/** Gives `onPage(name, run, options)`: a test with a page of its own, without an error in its console. */
export const testsOf = (site, defaults) => (name, run, options) =>
  test(name, async () => {
    const visit = await site().visit({ ...defaults, ...options });
    try {
      await run(visit);
      assert.deepEqual(visit.problems, []);
    } finally {
      await visit.close();
    }
  });

/** An init script: while `globalThis.isHeld` is set, sound that begins stands still, and never ends by itself. */
export function holdSound() {
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    this.playbackRate = globalThis.isHeld ? 0 : 1;
    return play.call(this);
  };
}

/** Starts everything that a page needs; `close()` ends it. */
export async function startSite({ environment, built = BUILT, ...options } = {}) {
  if (!existsSync(built)) throw new Error(`there is no ${built}: npm run build in examples/react`);
  const flask = await startFlask(environment);
  const front = await startFront(built, { chat: flask.url, store: flask.store.url });
  const browser = await startChromium(options);
  return new Site(flask, front, browser);
}

class Site {
  constructor(flask, front, browser) {
    Object.assign(this, { flask, front, browser });
  }

  async close() {
    await this.browser.close();
    this.front.close();
    await this.flask.close();
  }

  script(...replies) {
    return this.flask.script(replies);
  }

  release(step) {
    return this.flask.llm.release(step.hold);
  }

  /** Runs while no call gets through. */
  async whileDown(run) {
    this.front.isDown = true;
    try {
      await run();
    } finally {
      this.front.isDown = false;
    }
  }

  /** Opens the page for a new user, or for the one of another visit in the same browser (`with`). */
  async visit({ with: other, viewport = DESKTOP, colorScheme = 'light', locale = 'ko-KR', settings, path = '', init = [], opened = (visit) => visit.box.waitFor(), ...options } = {}) {
    const user = other?.user ?? randomUUID();
    const context = other?.context ?? (await this.browser.newContext({ viewport, colorScheme, locale, ...options }));
    if (!other) {
      const { access, refresh } = await this.flask.store.login(user);
      const kept = { accessToken: access, refreshToken: refresh, ...(settings && { settings: JSON.stringify(settings) }) };
      await context.addInitScript((entries) => {
        // Once: a setting that a person changes stays.
        if (localStorage.length === 0) for (const [name, value] of Object.entries(entries)) localStorage.setItem(name, value);
      }, kept);
      for (const script of [init].flat()) await context.addInitScript(script);
    }
    context.setDefaultTimeout(LIMIT);
    const page = await context.newPage();
    if (SLOWDOWN > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
    const visit = new Visit(this, context, page, user);
    // A refused script or style is told there as well.
    page.on('console', (message) => message.type() === 'error' && !/ERR_|Failed to load resource/.test(message.text()) && visit.problems.push(message.text()));
    page.on('pageerror', (error) => visit.problems.push(String(error)));
    await Promise.all([page.goto(this.front.url + path), opened(visit)]);
    return visit;
  }
}

class Visit {
  problems = [];

  constructor(site, context, page, user) {
    Object.assign(this, { site, context, page, user });
  }

  get box() {
    return this.page.getByRole('textbox', { name: '하고 싶은 말' });
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  async send(text) {
    await this.box.fill(text);
    await this.button('보내기').click();
  }

  /** The messages on the page: who, the text, and the status. */
  messages() {
    return this.page.locator('.message').evaluateAll((all) =>
      all.map((message) => [message.classList.contains('reply') ? 'reply' : 'mine', message.querySelector('.body').innerText, message.dataset.status]),
    );
  }

  /** Waits until the messages are so. */
  shows(expected, ms) {
    let found;
    return until(async () => same((found = await this.messages()), expected), () => JSON.stringify(found), ms);
  }

  /** Waits until the last reply is complete. */
  async finished() {
    await this.page.locator('.messages:last-of-type > .reply:last-child[data-status=done]').waitFor();
  }

  /** The messages in the store, once there are so many: the earliest first. */
  async stored(count) {
    let rows;
    await until(
      async () => {
        const all = (await this.site.flask.store.stored()).messages.map(({ message }) => message);
        const mine = new Set(all.filter(({ msgSenderUUID }) => msgSenderUUID === this.user).map(({ msgId }) => msgId));
        rows = all.filter(({ msgId, parentMsgId }) => mine.has(msgId) || mine.has(parentMsgId)).sort((a, b) => a.msgSentAt - b.msgSentAt);
        return rows.length >= count;
      },
      () => JSON.stringify(rows),
    );
    return rows;
  }

  /** The ids of the messages on the page. */
  ids() {
    return this.page.locator('.message').evaluateAll((all) => all.map(({ id }) => id.replace(/^m-/, '')));
  }

  close() {
    return this.context.close();
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
