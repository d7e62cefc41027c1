/** Renders of a growing text in a real browser. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { measure, open, serve } from './bench-pages.mjs';
import { startChromium } from './chromium.mjs';

let browser;
let service;
before(async () => ([browser, service] = await Promise.all([startChromium(), serve(1000)])));
after(async () => {
  await browser.close();
  service.close();
});

test('a text of 1,000 tokens renders the list once in 50 ms, no finished message again, and shifts nothing', async () => {
  const tab = await open(browser, service.url, 'turnwire');
  const { ms, list, of, shift, text, status } = await measure(tab);
  assert.match(text, /^[\d.]+ (말 |낱말입니다. ){999}$/);
  assert.equal(status, 'ready');
  // On an idle machine the reply takes a second.
  assert.ok(list <= 6 + ms / 50, `${list} renders in ${ms} ms`);
  assert.deepEqual(Object.keys(of).filter((id) => id.startsWith('old-')), []);
  const [[, question], [, reply]] = Object.entries(of);
  assert.ok(question <= 3 && reply < list, JSON.stringify(of));
  assert.equal(shift, 0);
});
