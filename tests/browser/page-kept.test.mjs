/** Texts of the user on the page of examples/react, which are kept when something fails, in Chromium. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { until } from './chromium.mjs';
import { hold, reply, startSite, testsOf } from './page.mjs';

let site;
before(async () => (site = await startSite()));
after(() => site?.close());
const onPage = testsOf(() => site);

onPage('a message that was not sent is there after a reload, in its conversation alone, and is sent once', async (visit) => {
  await site.script(reply('하나.'), reply('둘.'));
  await site.whileDown(async () => {
    await visit.send('첫째');
    await visit.shows([['mine', '첫째', 'failed']]);
    await visit.button('새 대화').click();
    await visit.shows([]);
    await visit.page.goBack();
    await visit.shows([['mine', '첫째', 'failed']]);
    await visit.page.goForward();
    await visit.shows([]);
    await visit.page.goBack();
    await visit.page.reload();
    await visit.shows([['mine', '첫째', 'failed']]);
  });
  await visit.button('다시 보내기').click();
  const first = [['mine', '첫째', 'done'], ['reply', '하나.', 'done']];
  await visit.shows(first);
  await visit.page.waitForURL(/#\/./);
  await site.whileDown(async () => {
    await visit.send('둘째');
    await visit.shows([...first, ['mine', '둘째', 'failed']]);
  });
  await visit.stored(2);
  await visit.page.reload();
  await visit.shows([...first, ['mine', '둘째', 'failed']]);
  await visit.button('다시 보내기').click();
  const second = [...first, ['mine', '둘째', 'done'], ['reply', '둘.', 'done']];
  await visit.shows(second);
  await visit.stored(4);
  await visit.page.reload();
  await visit.shows(second);
});

onPage('Back returns to a message that was not sent, and to a conversation that got its workspace meanwhile', async (visit) => {
  await site.script(reply('하나.'), reply('둘.'));
  const first = [['mine', '첫째', 'done'], ['reply', '하나.', 'done']];
  await visit.send('첫째');
  await visit.shows(first);
  await visit.page.waitForURL(/#\/./);
  const { hash } = new URL(visit.page.url());
  await visit.stored(2);
  const conversations = visit.page.locator('.side a[href^="#/"]');
  const open = () => visit.page.locator(`.side a[href="${hash}"]`).click();
  await visit.button('새 대화').click();
  await site.whileDown(async () => {
    await visit.send('둘째');
    await visit.shows([['mine', '둘째', 'failed']]);
  });
  await open();
  await visit.shows(first);
  await visit.page.goBack();
  await visit.shows([['mine', '둘째', 'failed']]);

  let away;
  const isAway = new Promise((resolve) => (away = resolve));
  await visit.page.route('**/chat/stream', (route) => isAway.then(() => route.continue()));
  await visit.button('다시 보내기').click();
  await visit.shows([['mine', '둘째', 'sending']]);
  await open();
  await visit.shows(first);
  away();
  await conversations.nth(1).waitFor();
  await visit.stored(4);
  await visit.page.goBack();
  await visit.shows([['mine', '둘째', 'done'], ['reply', '둘.', 'done']]);
  await visit.page.waitForURL((url) => /^#\/./.test(url.hash) && url.hash !== hash);
});

onPage('messages that wait behind a reply that failed are sent when the user says so', async (visit) => {
  const end = hold();
  await site.script({ steps: [{ role: 'assistant' }, { text: '반쪽' }, end, { truncate: true }] }, reply('둘.'));
  await visit.send('첫째');
  await visit.page.getByText('반쪽').waitFor();
  await visit.send('둘째');
  await visit.page.getByText('지금 답이 끝나면 보냅니다.').waitFor();
  assert.equal(await visit.button('지금 보내기').count(), 0);
  await site.release(end);
  await visit.page.getByText('앞의 답이 끊겨서 기다리고 있습니다.').waitFor();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'failed'], ['mine', '둘째', 'queued']]);
  await visit.button('지금 보내기').click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'failed'], ['mine', '둘째', 'done'], ['reply', '둘.', 'done']]);
});

onPage('no message is longer than the store takes, and the page says so', async (visit) => {
  await site.script(reply('답.'));
  await visit.box.focus();
  await visit.page.keyboard.insertText('가'.repeat(1999));
  const told = visit.page.getByText('더 길게는 쓸 수 없습니다.');
  assert.equal(await told.count(), 0);
  await visit.page.keyboard.insertText('나다');
  await told.waitFor();
  const longest = `${'가'.repeat(1999)}나`;
  assert.equal(await visit.box.inputValue(), longest);
  await visit.button('보내기').click();
  await visit.shows([['mine', longest, 'done'], ['reply', '답.', 'done']]);
  assert.equal(await told.count(), 0);
  assert.equal((await visit.stored(2))[0].msgContent, longest);
});

/** A page with a login of its own, for the user that `visit.user` names. */
async function startWithLogin(t) {
  const built = mkdtempSync(join(tmpdir(), 'turnwire-page-'));
  t.after(() => rmSync(built, { recursive: true }));
  const cwd = fileURLToPath(new URL('../../examples/react', import.meta.url));
  await promisify(execFile)('npx', ['vite', 'build', '--outDir', built, '--emptyOutDir'], { cwd, env: { ...process.env, VITE_LOGIN_URL: '/login' } });
  const own = await startSite({ built });
  t.after(() => own.close());
  const visit = await own.visit();
  await visit.page.route('**/login', async (route) => {
    const { access, refresh } = await own.flask.store.login(visit.user);
    await route.fulfill({ headers: { Authorization: `Bearer ${access}`, refreshToken: `Bearer ${refresh}` } });
  });
  const signIn = async () => {
    await visit.page.getByLabel('이름').fill('김영희');
    await visit.page.getByLabel('비밀번호').fill('꽃밭');
    await visit.button('들어가기').click();
    await visit.box.waitFor();
  };
  const signOut = async () => {
    await visit.button('설정').click();
    await visit.button('나가기').click();
    await visit.button('들어가기').waitFor();
  };
  /** Ends the login with the next call. */
  const expire = async () => {
    const expired = await own.flask.store.control('POST', '/_fake/login', { memUuid: visit.user, accessMs: 0, refreshMs: 0 });
    await visit.page.evaluate(({ access, refresh }) => Object.assign(localStorage, { accessToken: access, refreshToken: refresh }), expired);
  };
  return { own, visit, signIn, signOut, expire };
}

const keptIn = (page) => page.evaluate(() => JSON.stringify(sessionStorage));

test('a login that runs out is said, and the message is there after the next one, of the same user alone', async (t) => {
  const { own, visit, signIn, expire } = await startWithLogin(t);
  await own.script(reply('하나.'), reply('둘.'));
  await visit.send('첫째');
  const first = [['mine', '첫째', 'done'], ['reply', '하나.', 'done']];
  await visit.shows(first);
  await visit.stored(2);
  await visit.page.waitForURL(/#\/./);

  await expire();
  await visit.send('둘째');
  const told = visit.page.getByText('로그인이 끝났습니다. 다시 로그인해 주세요.');
  await told.waitFor();
  await signIn();
  await visit.shows([...first, ['mine', '둘째', 'failed']]);
  await visit.button('다시 보내기').click();
  await visit.shows([...first, ['mine', '둘째', 'done'], ['reply', '둘.', 'done']]);
  await visit.stored(4);

  // In a new conversation, whose name the next user's page has as well.
  await visit.button('새 대화').click();
  await expire();
  await visit.send('비밀');
  await told.waitFor();
  assert.ok((await keptIn(visit.page)).includes('비밀'));
  visit.user = randomUUID();
  await signIn();
  await visit.shows([]);
  assert.ok(!(await keptIn(visit.page)).includes('비밀'));
  assert.deepEqual(visit.problems, []);
});

test('a user who leaves takes along what was not sent, in every tab, and nothing of it is sent as the next user', async (t) => {
  const { own, visit, signIn, signOut } = await startWithLogin(t);
  const sent = [];
  visit.page.on('request', (request) => request.url().endsWith('/chat/stream') && sent.push(request.postDataJSON().message));
  const other = await own.visit({ with: visit });
  const end = hold();
  await own.script({ steps: [{ role: 'assistant' }, { text: '하나' }, end, { text: '.' }, { finish: 'stop' }, { done: true }] }, reply('새 답.'), reply('아무 답.'));
  await own.whileDown(async () => {
    await other.send('비밀 하나');
    await other.button('다시 보내기').waitFor();
  });
  await visit.send('첫째');
  await visit.page.getByText('하나', { exact: true }).waitFor();
  await visit.send('비밀 둘');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '하나', 'streaming'], ['mine', '비밀 둘', 'queued']]);
  for (const { page } of [visit, other]) {
    assert.ok((await keptIn(page)).includes('비밀'));
    await page.evaluate(() => sessionStorage.setItem('else', 'of the origin'));
  }

  await signOut();
  await other.button('들어가기').waitFor();
  assert.equal(await visit.page.getByText('로그인이 끝났습니다. 다시 로그인해 주세요.').count(), 0);
  for (const { page } of [visit, other]) {
    await until(async () => (await keptIn(page)) === '{"else":"of the origin"}', () => keptIn(page));
  }
  visit.user = randomUUID();
  await signIn();
  await own.release(end);
  await visit.shows([]);
  await visit.send('새 글');
  await visit.page.locator('.reply[data-status=done]').waitFor();
  assert.deepEqual(sent, ['첫째', '새 글']);
  for (const { page } of [visit, other]) assert.equal(await keptIn(page), '{"else":"of the origin"}');
  assert.deepEqual([...visit.problems, ...other.problems], []);
});
