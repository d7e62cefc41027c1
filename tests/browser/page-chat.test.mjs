/** Conversations on the page of examples/react, in Chromium against the Flask example. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before } from 'node:test';

import { until } from './chromium.mjs';
import { endless, hold, reply, startSite, testsOf } from './page.mjs';

let site;
before(async () => (site = await startSite()));
after(() => site?.close());
const onPage = testsOf(() => site);

onPage('a reply appears piece by piece, as Markdown, and is the message of the store', async (visit) => {
  const [second, third] = [hold(), hold()];
  await site.script(reply('오늘은 **날', second, '씨**가 좋', third, '습니다.'));
  // All that is ever shown: no mark, and no text that another one takes the place of.
  await visit.page.evaluate(() => {
    globalThis.seen = [];
    const look = () => {
      const body = document.querySelector('.reply .body');
      const now = body && [body.innerText, body.querySelector('strong')?.innerText ?? ''].join(' / ');
      if (now && globalThis.seen.at(-1) !== now) globalThis.seen.push(now);
    };
    new MutationObserver(look).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
  });
  await visit.send('날씨가 어때요?');
  const mine = ['mine', '날씨가 어때요?', 'done'];
  await visit.shows([mine, ['reply', '오늘은 날', 'streaming']]);
  await site.release(second);
  await visit.shows([mine, ['reply', '오늘은 날씨가 좋', 'streaming']]);
  await site.release(third);
  await visit.shows([mine, ['reply', '오늘은 날씨가 좋습니다.', 'done']]);
  assert.deepEqual(await visit.page.evaluate(() => globalThis.seen), ['오늘은 날 / 날', '오늘은 날씨가 좋 / 날씨', '오늘은 날씨가 좋습니다. / 날씨']);
  const rows = await visit.stored(2);
  assert.deepEqual(rows.map(({ msgId }) => msgId), await visit.ids());
  assert.deepEqual(rows.map(({ msgContent }) => msgContent), ['날씨가 어때요?', '오늘은 **날씨**가 좋습니다.']);
});

onPage('one tilde strikes nothing out, and two do', async (visit) => {
  await site.script(reply('하루 2~3번, 10~20분 걸으세요. ~~뛰세요.~~'));
  await visit.send('운동');
  await visit.shows([['mine', '운동', 'done'], ['reply', '하루 2~3번, 10~20분 걸으세요. 뛰세요.', 'done']]);
  assert.deepEqual(await visit.page.locator('.reply del').allInnerTexts(), ['뛰세요.']);
});

onPage('a damaged address opens a new conversation', async (visit) => {
  await site.script(reply('하나.'));
  await visit.send('첫째');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '하나.', 'done']]);
}, { path: '#/%E0' });

onPage('stop keeps the text so far, here and in the store, and lets the model go', async (visit) => {
  await site.script(endless);
  await visit.send('길게 말해 주세요');
  await visit.shows([['mine', '길게 말해 주세요', 'done'], ['reply', '반쪽', 'streaming']]);
  await visit.button('멈추기').click();
  await visit.shows([['mine', '길게 말해 주세요', 'done'], ['reply', '반쪽', 'stopped']]);
  const requests = await site.flask.llm.requests('page');
  await until(async () => (await site.flask.llm.requests('page')).some(({ outcome, body }) => outcome === 'client_closed' && body.includes('길게')), () => JSON.stringify(requests));
  assert.deepEqual((await visit.stored(2)).map(({ msgContent }) => msgContent), ['길게 말해 주세요', '반쪽']);
});

onPage('a page that is loaded again has the conversation, with its name, and goes on in it', async (visit) => {
  await site.script(reply('하나.'), reply('둘.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.stored(2);
  const before = await visit.ids();
  await visit.page.reload();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '하나.', 'done']]);
  assert.deepEqual(await visit.ids(), before);
  const current = visit.page.locator('.side a[aria-current=page]');
  await current.waitFor();
  assert.equal(await visit.page.title(), `${await current.innerText()} – 이야기`);
  await visit.send('둘째');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '하나.', 'done'], ['mine', '둘째', 'done'], ['reply', '둘.', 'done']]);
  assert.equal(new Set((await visit.stored(4)).map(({ msgWorkspaceId }) => msgWorkspaceId)).size, 1);
});

onPage('a message that is sent during a reply waits, and can be taken back', async (visit) => {
  await site.script(endless, reply('둘.'));
  await visit.send('첫째');
  await visit.page.getByText('반쪽').waitFor();
  await visit.send('둘째');
  await visit.send('셋째');
  await visit.shows([
    ['mine', '첫째', 'done'],
    ['reply', '반쪽', 'streaming'],
    ['mine', '둘째', 'queued'],
    ['mine', '셋째', 'queued'],
  ]);
  await visit.button('보내지 않기').last().click();
  await visit.button('멈추기').click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'stopped'], ['mine', '둘째', 'done'], ['reply', '둘.', 'done']]);
  assert.deepEqual((await visit.stored(4)).map(({ msgContent }) => msgContent), ['첫째', '반쪽', '둘째', '둘.']);
});

onPage('two tabs of a conversation have all of it, each once', async (visit) => {
  await site.script(reply('하나.'), reply('둘.'), reply('셋.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.stored(2);
  await visit.page.waitForURL(/#\/./);
  const other = await site.visit({ with: visit, path: new URL(visit.page.url()).hash });
  await other.shows([['mine', '첫째', 'done'], ['reply', '하나.', 'done']]);
  await other.send('둘째');
  const two = [['mine', '첫째', 'done'], ['reply', '하나.', 'done'], ['mine', '둘째', 'done'], ['reply', '둘.', 'done']];
  await other.shows(two);
  await visit.shows(two);
  // A message of the other tab can be changed here as well.
  await visit.button('내 말 고치기').waitFor();
  await visit.send('셋째');
  const three = [...two, ['mine', '셋째', 'done'], ['reply', '셋.', 'done']];
  await visit.shows(three);
  await other.shows(three);
  const rows = await visit.stored(6);
  assert.deepEqual([rows.length, new Set(rows.map(({ msgWorkspaceId }) => msgWorkspaceId)).size], [6, 1]);
  for (const tab of [visit, other]) {
    await tab.page.reload();
    await tab.shows(three);
  }
  assert.deepEqual(other.problems, []);
});

onPage('a reply goes on while another conversation is open, and nothing is mixed', async (visit) => {
  const rest = hold();
  await site.script(reply('하나 ', rest, '끝.'), reply('다른 답.'));
  await visit.send('첫째');
  await visit.page.getByText('하나').waitFor();
  await visit.page.locator('.side a').waitFor();
  await visit.button('새 대화').click();
  await visit.shows([]);
  await visit.send('다른 말');
  await visit.shows([['mine', '다른 말', 'done'], ['reply', '다른 답.', 'done']]);
  await site.release(rest);
  await visit.page.goBack();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '하나 끝.', 'done']]);
  await until(async () => (await visit.page.locator('.side a').count()) === 2, () => visit.page.locator('.side').innerText());
  assert.equal(new Set((await visit.stored(4)).map(({ msgWorkspaceId }) => msgWorkspaceId)).size, 2);
});

onPage('a reply is made again, and a message is changed: both take the place of the old ones in the store', async (visit) => {
  await site.script(reply('하나.'), reply('둘.'), reply('셋.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.button('다시 답하기').click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '둘.', 'done']]);
  await visit.button('내 말 고치기').click();
  await until(async () => (await visit.box.inputValue()) === '첫째', () => visit.box.inputValue());
  await visit.box.fill('고친 말');
  await visit.box.press('Enter');
  await visit.shows([['mine', '고친 말', 'done'], ['reply', '셋.', 'done']]);
  await until(async () => (await visit.stored(2)).map(({ msgContent }) => msgContent).join() === '고친 말,셋.', async () => JSON.stringify(await visit.stored(2)));
});

onPage('the times of a reply are a picture and a table', async (visit) => {
  const rest = hold();
  await site.script(reply('하나 ', rest, '끝.'));
  await visit.send('첫째');
  await visit.page.getByText('하나').waitFor();
  const now = () => visit.page.evaluate(() => performance.now());
  const seen = await now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const between = (await now()) - seen;
  await site.release(rest);
  await visit.finished();
  await visit.button('걸린 시간').click();
  const dialog = visit.page.getByRole('dialog', { name: '답이 나온 과정' });
  const seconds = await dialog.locator('tbody td').evaluateAll((cells) => cells.map((cell) => Number(cell.innerText.replace('초', ''))));
  const [accepted, first, end] = seconds;
  // The first came before it was seen, and the end after the release. A second is shown with two digits, or one above ten.
  assert.ok(accepted > 0 && accepted <= first && end - first >= between / 1000 - 0.11, `${JSON.stringify(seconds)}, ${between} ms`);
  const bars = await dialog.locator('svg rect').evaluateAll((all) => all.map((bar) => bar.className.baseVal));
  assert.deepEqual([bars[0], bars.at(-1)], ['waiting', 'text']);
  await visit.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

onPage('a reply cannot load a picture, run a script, or reach the page by a link', async (visit) => {
  const asked = [];
  visit.page.on('request', (request) => asked.push(request.url()));
  const rest = hold();
  await site.script(reply('![곰](https://else.example/a.png) <img src=x onerror="globalThis.hit=1"> [나쁜](javascript:alert(1)) [좋은](https://else.example/b)', ' [반쪽](https://else', rest, '.example/c)'));
  await visit.send('그림');
  const links = () => visit.page.locator('.reply a').evaluateAll((all) => all.map(({ href, target, rel }) => [href, target, rel]));
  const safe = ['_blank', 'noopener noreferrer nofollow'];
  const whole = [['https://else.example/a.png', ...safe], ['https://else.example/b', ...safe]];
  await visit.page.getByText('반쪽').waitFor();
  assert.deepEqual(await links(), whole);
  await site.release(rest);
  await visit.finished();
  assert.deepEqual(await links(), [...whole, ['https://else.example/c', ...safe]]);
  assert.deepEqual(asked.filter((url) => !url.startsWith(site.front.url)), []);
  assert.equal(await visit.page.locator('.reply img').count(), 0);
  assert.equal(await visit.page.evaluate(() => globalThis.hit), undefined);
});

onPage('the list has every conversation, the last used first', async (visit) => {
  for (let number = 0; number < 210; number++) await site.flask.store.workspace(randomUUID(), visit.user);
  await site.script(reply('답.'));
  await visit.send('나중');
  await visit.finished();
  const names = visit.page.locator('.side a');
  await until(async () => (await names.count()) === 211, () => names.count());
  assert.equal(await names.first().getAttribute('aria-current'), 'page');
});

onPage('a copy is told, and one that the browser refuses as well', async (visit) => {
  await site.script(reply('**답**.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))));
  await visit.button('복사').click();
  await visit.page.evaluate(() => (navigator.clipboard.writeText = async (text) => void (globalThis.copied = text)));
  await visit.button('복사하지 못했습니다.').click();
  await visit.button('복사했습니다.').waitFor();
  assert.equal(await visit.page.evaluate(() => globalThis.copied), '**답**.');
});
