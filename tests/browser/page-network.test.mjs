/** The page of examples/react when the network or a service fails, in Chromium. */

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { until } from './chromium.mjs';
import { endless, reply, startSite, testsOf } from './page.mjs';

let site;
before(async () => (site = await startSite()));
after(() => site?.close());
const onPage = testsOf(() => site);

const LOST = '인터넷이 잘 되는지 보신 뒤 다시 눌러 주세요.';

onPage('a cut connection shows the text so far, and a retry makes the message whole, once', async (visit) => {
  await site.script(endless, reply('온전한 답.'));
  await visit.send('첫째');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'streaming']]);
  site.front.cut();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'failed']]);
  const problem = visit.page.locator('.reply [role=alert]');
  assert.match(await problem.innerText(), new RegExp(`여기까지의 글은 그대로 있습니다. ${LOST}`));
  await problem.getByRole('button').click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '온전한 답.', 'done']]);
  await until(async () => (await visit.stored(2))[1].msgContent === '온전한 답.', async () => JSON.stringify(await visit.stored(2)));
  const rows = await visit.stored(2);
  assert.deepEqual(rows.map(({ msgContent }) => msgContent), ['첫째', '온전한 답.']);
  assert.deepEqual(rows.map(({ msgId }) => msgId), await visit.ids());
});

onPage('a reply whose model breaks off keeps its text, and is made again', async (visit) => {
  await site.script({ steps: [{ role: 'assistant' }, { text: '반쪽' }, { truncate: true }] }, reply('온전한 답.'));
  await visit.send('첫째');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '반쪽', 'failed']]);
  await visit.page.locator('.reply [role=alert]').getByRole('button').click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '온전한 답.', 'done']]);
});

onPage('a service that cannot be reached leaves the message to be sent again', async (visit) => {
  await site.script(reply('답.'));
  const problem = visit.page.locator('.mine [role=alert]');
  await site.whileDown(async () => {
    await visit.send('첫째');
    await visit.shows([['mine', '첫째', 'failed']]);
    assert.match(await problem.innerText(), new RegExp(`쓰신 글은 그대로 있습니다. ${LOST}`));
  });
  await problem.getByRole('button', { name: '다시 보내기' }).click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '답.', 'done']]);
  assert.equal((await visit.stored(2)).length, 2);
});

onPage('a page without a network says so until it is back', async (visit) => {
  await visit.context.setOffline(true);
  const told = visit.page.getByText('인터넷이 끊겼습니다.');
  await told.waitFor();
  await visit.context.setOffline(false);
  await told.waitFor({ state: 'detached' });
});

onPage('an access token that has run out is renewed, unseen by the reader', async (visit) => {
  let renewals = 0;
  visit.page.on('request', (request) => (renewals += request.url().endsWith('/reissue')));
  const { access: expired } = await site.flask.store.control('POST', '/_fake/login', { memUuid: visit.user, accessMs: 0 });
  await visit.page.evaluate((token) => localStorage.setItem('accessToken', token), expired);
  await site.script(reply('답.'));
  await visit.send('첫째');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '답.', 'done']]);
  await visit.page.locator('.side a').waitFor();
  assert.equal(renewals, 1);
  assert.equal(await visit.page.locator('[role=alert]').count(), 0);
});

onPage('a list or a history that fails can be asked for again', async (visit) => {
  await site.script(reply('답.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.stored(2);
  await visit.page.route('**/api/**', (route) => route.abort());
  await visit.page.reload();
  await visit.page.getByText('지난 대화를 가져오지 못했습니다.').waitFor();
  await visit.page.getByText('대화 목록을 가져오지 못했습니다.').waitFor();
  await visit.page.unroute('**/api/**');
  for (const part of ['.side', 'main']) await visit.page.locator(part).getByRole('button', { name: '다시 해 보기' }).click();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '답.', 'done']]);
  await visit.page.locator('.side a').waitFor();
});
