/** Speech on the page of examples/react: the clock of the audio itself, in Chromium. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from './chromium.mjs';
import { hold, holdSound, reply, startSite, testsOf } from './page.mjs';

/** Notes what each audio element plays, by its own clock. The fake's audio has its text in it. */
function watch() {
  globalThis.played = [];
  const texts = new Map();
  globalThis.textOf = (url) => texts.get(url);
  const elements = new Set();
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const url = createObjectURL.call(URL, blob);
    texts.set(
      url,
      blob.arrayBuffer().then((bytes) => {
        let text = [];
        const all = new Uint8Array(bytes);
        for (let at = 0; at < all.length; at += 192) {
          const frame = all.subarray(at + 13, at + 192);
          if (String.fromCharCode(...frame.subarray(0, 5)) === 'says:') text = [...text, ...frame.subarray(5, frame.indexOf(0, 5))];
        }
        return new TextDecoder().decode(new Uint8Array(text));
      }),
    );
    return url;
  };
  const note = async (element, event) => {
    const { src, currentTime, duration, played } = element;
    const at = performance.now();
    const heard = Array.from({ length: played.length }, (_, part) => [played.start(part), played.end(part)]);
    const isWritten = document.querySelector('.reply:last-child')?.dataset.status !== 'streaming';
    const text = await texts.get(src);
    if (text) globalThis.played.push({ event, text, currentTime, duration, heard, at, isWritten });
  };
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (!elements.has(this)) {
      elements.add(this);
      for (const event of ['playing', 'ended', 'pause']) this.addEventListener(event, () => note(this, event), { capture: true });
    }
    globalThis.elements = elements.size;
    void note(this, 'asked');
    return play.call(this);
  };
  globalThis.marks = [];
  const { set } = HighlightRegistry.prototype;
  HighlightRegistry.prototype.set = function (name, highlight) {
    const mark = [...highlight].map(String).join();
    if (mark !== globalThis.marks.at(-1)) globalThis.marks.push(mark);
    return set.call(this, name, highlight);
  };
}

const played = (visit, event) => visit.page.evaluate((event) => globalThis.played.filter((entry) => entry.event === event), event);
const marked = (visit) => visit.page.evaluate(() => [...(CSS.highlights.get('heard') ?? [])].map(String).join());

const TEXT = ['오늘은 **날씨**가 참 좋습니다.', ' 산책을 하기에 알맞은 날이에요.', ' 물도 챙기세요!'];
const SPOKEN = ['오늘은 날씨가 참 좋습니다.', '산책을 하기에 알맞은 날이에요.', '물도 챙기세요!'];
const ALOUD = { aloud: true };

let site;
/** One whose service sends the speech in the stream. */
let speaking;
before(async () => ([site, speaking] = await Promise.all([startSite({ args: [] }), startSite({ args: [], environment: { SPEAK: '1' } })])));
after(() => Promise.all([site?.close(), speaking?.close()]));
const INIT = [watch, holdSound];
const onPage = testsOf(() => site, { init: INIT });
const onSpeakingPage = testsOf(() => speaking, { init: INIT });

/** The parts were heard whole, one after another, in their order. */
async function heardInOrder(visit, texts) {
  await until(async () => (await played(visit, 'ended')).length === texts.length, async () => JSON.stringify(await visit.page.evaluate(() => globalThis.played)));
  const [asked, begins, ends] = await Promise.all(['asked', 'playing', 'ended'].map((event) => played(visit, event)));
  for (const events of [asked, begins, ends]) assert.deepEqual(events.map(({ text }) => text), texts);
  for (const [at, { text, currentTime, duration, heard, at: time }] of ends.entries()) {
    // 24 ms for each character, as the fake speaks.
    assert.ok(Math.abs(duration - 0.024 * [...text].length) < 0.06, `${text}: ${duration}`);
    assert.ok(Math.abs(currentTime - duration) < 0.03, `${text}: ended at ${currentTime} of ${duration}`);
    assert.ok(heard.length === 1 && heard[0][0] === 0 && heard[0][1] === currentTime, `${text}: ${JSON.stringify(heard)}`);
    // It sounds after it is asked for, and has sounded when its end is told: a slow page makes this longer only.
    assert.ok(time - asked[at].at > 0.9 * duration * 1000, `${text}: ${time - asked[at].at} ms`);
    assert.ok(at === 0 || asked[at].at >= ends[at - 1].at, `${text} began before the end of the one before`);
  }
}

onPage('a reply is read while it is written, in order, and the sentence that is heard is marked', async (visit) => {
  const last = hold();
  await site.script(reply(TEXT[0], TEXT[1], last, TEXT[2]));
  await visit.send('날씨가 어때요?');
  await until(async () => (await played(visit, 'ended')).length > 0);
  // The first is heard to its end before the last is written; the second may be so by now.
  const [{ text, isWritten }] = await played(visit, 'ended');
  assert.deepEqual([text, isWritten], [SPOKEN[0], false]);
  await site.release(last);
  await heardInOrder(visit, SPOKEN);
  assert.deepEqual(await visit.page.evaluate(() => globalThis.marks), SPOKEN);
  await until(async () => (await marked(visit)) === '', () => marked(visit));
  assert.equal((await visit.messages()).at(-1)[1], '오늘은 날씨가 참 좋습니다. 산책을 하기에 알맞은 날이에요. 물도 챙기세요!');
}, { settings: ALOUD });

onSpeakingPage('the speech in the stream of a service is played in order, and marked', async (visit) => {
  // The page learns from the first reply that its service speaks, and asks for nothing from then on.
  await speaking.script(reply('처음.'), reply(...TEXT));
  await visit.send('하나');
  await heardInOrder(visit, ['처음.']);
  await visit.page.route('**/chat/tts', (route) => route.abort());
  await visit.page.evaluate(() => (globalThis.played.length = 0));
  await visit.send('둘');
  await heardInOrder(visit, SPOKEN);
}, { settings: ALOUD });

onPage('a message is read on demand, and silenced', async (visit) => {
  await site.script(reply(...TEXT));
  await visit.send('날씨가 어때요?');
  await visit.finished();
  assert.deepEqual(await played(visit, 'playing'), []);
  await visit.button('듣기').click();
  await heardInOrder(visit, SPOKEN);
  assert.equal(await visit.page.evaluate(() => globalThis.elements), 1);
  // Again, and silence amid the first sentence.
  await visit.page.evaluate(() => (globalThis.isHeld = true));
  await visit.button('듣기').click();
  await until(async () => (await played(visit, 'playing')).length === 4);
  await visit.button('그만 듣기').first().click();
  await visit.button('듣기').waitFor();
  await until(async () => (await marked(visit)) === '', () => marked(visit));
  assert.equal((await played(visit, 'ended')).length, 3);
});

onPage('a new message silences the reply before', async (visit) => {
  await site.script(reply('긴 말.'), reply('짧은 말.'));
  await visit.page.evaluate(() => (globalThis.isHeld = true));
  await visit.send('첫째');
  await until(async () => (await played(visit, 'playing')).length === 1);
  await visit.page.evaluate(() => (globalThis.isHeld = false));
  await visit.send('둘째');
  await until(async () => (await played(visit, 'ended')).length === 1);
  assert.deepEqual((await played(visit, 'ended')).map(({ text }) => text), ['짧은 말.']);
  assert.deepEqual((await played(visit, 'playing')).map(({ text }) => text), ['긴 말.', '짧은 말.']);
}, { settings: ALOUD });

/** Sends a message as soon as there is a page: no gesture of a person allows sound. The driver's own calls would count as one. */
function sendAtOnce() {
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    return play.call(this).catch((error) => {
      globalThis.textOf(this.src)?.then((text) => console.info(`${error.name}: ${text}`));
      throw error;
    });
  };
  const waiting = setInterval(() => {
    const box = document.querySelector('textarea');
    if (!box) return;
    clearInterval(waiting);
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, '첫째');
    box.dispatchEvent(new Event('input', { bubbles: true }));
    setTimeout(() => box.form.requestSubmit());
  }, 20);
}

test('sound that the browser blocks is said, and goes on with a press', async () => {
  await site.script(reply('막힌 말.', ' 다음 말.'));
  const opened = ({ page }) => page.waitForEvent('console', (message) => message.text() === 'NotAllowedError: 막힌 말.');
  const visit = await site.visit({ init: [...INIT, sendAtOnce], settings: ALOUD, opened });
  await visit.page.getByText('소리가 막혀 있습니다.').waitFor();
  assert.deepEqual(await played(visit, 'playing'), []);
  await visit.page.evaluate(() => (globalThis.played.length = 0));
  await visit.button('소리 켜기').click();
  await heardInOrder(visit, ['막힌 말.', '다음 말.']);
  assert.deepEqual(visit.problems, []);
  await visit.close();
});

for (const [whose, onOne] of [['that of the page', onPage], ['the speech of the service', onSpeakingPage]]) {
  onOne(`a reply is silenced while it is written, and stays silent, with ${whose}`, async (visit) => {
    const rest = hold();
    await visit.site.script(reply('처음.'), reply(TEXT[0], TEXT[1], rest, TEXT[2]));
    await visit.send('하나');
    await heardInOrder(visit, ['처음.']);
    await visit.page.evaluate(() => Object.assign(globalThis, { isHeld: true, played: [] }));
    await visit.send('둘');
    await until(async () => (await played(visit, 'playing')).length === 1);
    await visit.page.locator('.status').getByRole('button', { name: '그만 듣기' }).click();
    await visit.page.evaluate(() => (globalThis.isHeld = false));
    await visit.site.release(rest);
    await visit.finished();
    await visit.button('듣기').last().click();
    // Nothing of it until it is asked for.
    await until(async () => (await played(visit, 'ended')).length === 3);
    assert.deepEqual((await played(visit, 'asked')).map(({ text }) => text), [SPOKEN[0], ...SPOKEN]);
  }, { settings: ALOUD });
}

onPage('speech that fails is said in a sentence, and the text stays', async (visit) => {
  await site.script(reply('말.'));
  await visit.send('첫째');
  await visit.finished();
  await visit.page.route('**/chat/tts', (route) => route.fulfill({ status: 500, json: { error: 'broken' } }));
  await visit.button('듣기').click();
  await visit.page.getByText('지금은 읽어 드릴 수 없습니다.').waitFor();
  await visit.shows([['mine', '첫째', 'done'], ['reply', '말.', 'done']]);
});
