/** The whole system: the page in Chromium, the clients of all languages, and the rows in the store. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startChromium } from '../browser/chromium.mjs';
import { ECHO, startSystem } from './scripted.mjs';
import { ACCOUNT, python, target } from './system.mjs';
import { GUARD, until } from './until.mjs';
import { User } from './user.mjs';

const VIEW = { locale: 'ko-KR', viewport: { width: 1280, height: 800 } };

let system;
let browser;
before(async () => {
  system = await startSystem();
  browser = await startChromium();
});
after(() => Promise.all([system?.stop(), browser?.close()]));

test('a person logs in, talks, hears the reply, goes on, and finds the conversation again', async () => {
  await system.script(['네, **산책**하기', { hold: 'second half' }, ' 좋은 날입니다.'], '편한 신발을 신으세요.');
  const context = await browser.newContext(VIEW);
  context.setDefaultTimeout(GUARD);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.addInitScript(() => {
    // The durations of the sounds that were played to their end.
    globalThis.played = [];
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      this.addEventListener('ended', () => globalThis.played.push(this.duration), { once: true });
      return play.call(this);
    };
  });
  await page.goto(system.pageUrl);

  await page.getByLabel('이름').fill(ACCOUNT.name);
  await page.getByLabel('비밀번호').fill('wrong');
  await page.getByRole('button', { name: '들어가기' }).click();
  await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
  await until(() => problems.length > 0);
  assert.equal(problems.splice(0).length, 1, 'the refused login alone is told in the console');
  await page.getByLabel('비밀번호').fill(ACCOUNT.password);
  await page.getByRole('button', { name: '들어가기' }).click();

  const box = page.getByRole('textbox', { name: '하고 싶은 말' });
  const send = async (text) => {
    await box.fill(text);
    await box.press('Enter');
  };
  const messages = () => page.locator('.message').evaluateAll((all) => all.map((message) => [message.querySelector('.body').innerText, message.dataset.status]));
  const shows = async (...texts) => {
    const expected = JSON.stringify(texts.map((text) => [text, 'done']));
    let found;
    await until(async () => (found = JSON.stringify(await messages())) === expected, () => found);
  };

  const [first, second] = ['오늘 산책하기 좋은가요?', '무엇을 신을까요?'];
  const firstReply = '네, 산책하기 좋은 날입니다.';
  await send(first);
  await page.locator('.reply .body', { hasText: /^\s*네, 산책하기\s*$/ }).waitFor();
  await system.release('second half');
  await shows(first, firstReply);
  await page.waitForURL(/#\/.+/);
  const workspaceId = decodeURIComponent(new URL(page.url()).hash.slice(2));

  await page.getByRole('button', { name: '듣기', exact: true }).last().click();
  await until(() => page.evaluate(() => globalThis.played.some((duration) => duration > 0.3)), () => page.evaluate(() => JSON.stringify(globalThis.played)));

  await send(second);
  const secondReply = '편한 신발을 신으세요.';
  await shows(first, firstReply, second, secondReply);
  assert.deepEqual(await system.heard(second), ['system', first, '네, **산책**하기 좋은 날입니다.', second], 'the history goes to the model');

  const user = await User.login(system);
  const rows = await user.stored(workspaceId, 4);
  assert.deepEqual(rows.map(({ msgSenderRole, msgContent }) => [msgSenderRole, msgContent]), [
    ['USER', first],
    ['AI', '네, **산책**하기 좋은 날입니다.'],
    ['USER', second],
    ['AI', secondReply],
  ]);
  assert.deepEqual(rows.map(({ parentMsgId }) => parentMsgId), [null, rows[0].msgId, null, rows[2].msgId]);
  const workspaces = await user.workspaces();
  assert.deepEqual(workspaces.map((workspace) => workspace.workspaceId), [workspaceId]);
  await until(async () => (await user.counted(workspaceId)) === 4, () => user.counted(workspaceId));

  await page.reload();
  await shows(first, firstReply, second, secondReply);
  assert.equal(await page.locator('.side a[aria-current=page]').innerText(), workspaces[0].workspaceName);
  assert.deepEqual(problems, []);
  await context.close();
});

const run = promisify(execFile);
const script = (name) => fileURLToPath(new URL(`clients/${name}`, import.meta.url));
const CLIENTS = {
  rust: [join(target, 'debug/chat-turn')],
  python: [python, script('turn.py')],
  node: [process.execPath, script('turn.mjs')],
};

/**
 * The events, but for the id of the turn and the cuts of the text, which differ from turn to turn. Objects in Python have every field: one
 * that is not sent is false or `None`.
 */
function comparable(events) {
  const compared = [];
  for (const { turnId, ...fields } of events) {
    const event = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== false && value !== null));
    if (event.type === 'turn') assert.match(turnId, /^[0-9a-f-]{36}$/);
    if (event.type === 'content' && compared.at(-1)?.type === 'content') compared.at(-1).content += event.content;
    else compared.push(event);
  }
  return compared;
}

test('the same turn has equal events in every language, and is one message', async () => {
  await system.script(ECHO);
  const user = await User.login(system);
  const opened = await user.turn({ message: '처음', createWorkspace: true });
  assert.equal(opened.error, null);
  const { workspaceId } = opened;
  await user.stored(workspaceId, 2);
  const ids = { messageId: randomUUID(), replyId: randomUUID() };
  const message = '“같은” 말을 \u{1F600} 여러 번\n합니다';
  const turn = await user.turn({ message, workspaceId, ...ids });
  assert.equal(turn.error, null);
  const expected = comparable(turn.events);
  assert.deepEqual(expected.map(({ type }) => type), ['turn', 'workspace', 'content', 'done']);
  assert.deepEqual(expected[0], { type: 'turn', ...ids });
  assert.equal(expected[2].content, message);
  for (const [name, [program, ...args]] of Object.entries(CLIENTS)) {
    const request = { message, workspaceId, ...ids, accessToken: user.access, refreshToken: user.refresh };
    const { stdout } = await run(program, [...args, system.chatUrl, JSON.stringify(request)]);
    assert.deepEqual(comparable(stdout.trim().split('\n').map((line) => JSON.parse(line))), expected, name);
  }
  // Another turn after them, so that all of theirs are delivered.
  await user.turn({ message: '끝', workspaceId });
  const rows = await user.stored(workspaceId, 6);
  assert.deepEqual(rows.map(({ msgContent }) => msgContent), ['처음', '처음', message, message, '끝', '끝']);
  assert.deepEqual(rows.slice(2, 4).map(({ msgId }) => msgId), [ids.messageId, ids.replyId]);
});
