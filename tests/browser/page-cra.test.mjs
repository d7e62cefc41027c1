/** The page of examples/react-cra: its own tests under Jest 27, and the built page in Chromium before the Flask example. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { LIMIT, startChromium } from './chromium.mjs';
import { startFlask } from './flask.mjs';
import { startFront } from './front.mjs';
import { endless, holdSound, reply } from './page.mjs';

const folder = fileURLToPath(new URL('../../examples/react-cra', import.meta.url));

test('its own tests pass under Jest 27', async () => {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...env } = process.env;
  const { stderr } = await promisify(execFile)('npm', ['test'], { cwd: folder, env: { ...env, CI: 'true' } });
  assert.match(stderr, /Tests: +6 passed, 6 total/);
});

test('the built page streams, speaks and stops', async (t) => {
  const flask = await startFlask();
  const front = await startFront(`${folder}/build`, { chat: flask.url, store: flask.store.url });
  const browser = await startChromium();
  t.after(async () => {
    await browser.close();
    front.close();
    await flask.close();
  });
  const { access, refresh } = await flask.store.login(randomUUID());
  const context = await browser.newContext();
  context.setDefaultTimeout(LIMIT);
  await context.addInitScript((tokens) => Object.assign(localStorage, tokens), { accessToken: access, refreshToken: refresh });
  await context.addInitScript(holdSound);
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(front.url);
  await flask.script([reply('안녕', '하세요.'), endless]);
  const send = async (text) => {
    await page.getByLabel('하고 싶은 말').fill(text);
    await page.getByRole('button', { name: '보내기' }).click();
  };
  await send('첫째');
  await page.getByText('안녕하세요.').waitFor();
  await page.evaluate(() => (globalThis.isHeld = true));
  await page.getByRole('button', { name: '듣기', exact: true }).click();
  await page.getByRole('button', { name: '그만 듣기' }).waitFor();
  await send('둘째');
  await page.getByText('반쪽').waitFor();
  await page.getByRole('button', { name: '멈추기' }).click();
  await page.getByText('여기서 멈췄습니다.').waitFor();
  assert.deepEqual(problems, []);
});
