/** The page of examples/react for everyone: axe, the keyboard, what a screen reader hears, long conversations. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from './chromium.mjs';
import { DESKTOP, endless, hold, holdSound, PHONE, reply, startSite, testsOf } from './page.mjs';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

let site;
before(async () => (site = await startSite()));
after(() => site?.close());
const onPage = testsOf(() => site);

/** Every rule of axe, also those of AAA and of best practice; a finding of any level fails. */
async function looksRight(visit, where) {
  // Not as a script, which the page's policy refuses.
  if (!(await visit.page.evaluate(() => 'axe' in globalThis))) await visit.page.evaluate(axe);
  const findings = await visit.page.evaluate(async () => {
    const rules = axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }]);
    const { violations } = await axe.run({ rules: Object.fromEntries(rules) });
    return violations.map(({ id, impact, nodes }) => [id, impact, nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`)]);
  });
  assert.deepEqual(findings, [], where);
  // Only the messages scroll.
  const over = await visit.page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
  assert.deepEqual(over, [0, 0], where);
}

const RICH = `# 산책

오늘은 **날씨**가 참 좋습니다. [자세히](https://example.com)

1. 신발
2. 물

- [x] 준비
- [ ] 출발

> 천천히 걸으세요.

| 시간 | 할 일 |
| --- | --- |
| 아침 | 산책 |

\`\`\`
끝
\`\`\``;

for (const colorScheme of ['light', 'dark']) {
  for (const [width, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    onPage(
      `axe finds nothing, ${colorScheme}, ${width}`,
      async (visit) => {
        await looksRight(visit, 'new');
        await site.script(reply(RICH), { steps: [{ role: 'assistant' }, { text: '반쪽' }, { truncate: true }] }, reply('하나 ', hold()));
        await visit.send('Is it good weather for a long walk in the park with my grandchildren today?');
        await visit.finished();
        // Its name is as long.
        await until(async () => (await visit.page.locator('h1').innerText()).startsWith('Is it'), () => visit.page.locator('h1').innerText());
        await looksRight(visit, 'a reply');
        await visit.button('걸린 시간').click();
        await looksRight(visit, 'times');
        await visit.page.keyboard.press('Escape');
        await visit.page.evaluate(() => (globalThis.isHeld = true));
        await visit.button('듣기').click();
        await visit.button('그만 듣기').first().waitFor();
        await looksRight(visit, 'heard');
        await visit.send('또');
        await visit.page.locator('.reply [role=alert]').waitFor();
        await looksRight(visit, 'a broken reply');
        await visit.send('다시');
        await visit.page.getByText('하나').waitFor();
        await visit.send('기다림');
        await looksRight(visit, 'streaming, with a queue');
        await visit.button('설정').click();
        await visit.page.getByRole('radio', { name: '아주 크게' }).check();
        await looksRight(visit, 'settings, very large');
      },
      { colorScheme, viewport, init: holdSound },
    );
  }
}

onPage('everything is done by the keyboard alone', async (visit) => {
  const { page } = visit;
  const at = () => page.evaluate(() => document.activeElement.innerText || document.activeElement.id);
  const focused = (name) => until(async () => (await at()) === name, at);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /** Goes on by Tab until the element with this name has the focus, which must be seen. */
  const go = async (name, key = 'Tab') => {
    for (let steps = 0; steps < 40; steps++) {
      await press(key);
      if ((await at()) !== name) continue;
      const [style, width] = await page.evaluate(() => [getComputedStyle(document.activeElement).outlineStyle, parseFloat(getComputedStyle(document.activeElement).outlineWidth)]);
      assert.ok(style !== 'none' && width >= 2, `the focus of ${name} is not seen`);
      return;
    }
    assert.fail(`Tab does not reach ${name}`);
  };
  await site.script(reply('하나.'), endless, reply('셋.'));
  await press('Tab');
  await focused('글 쓰는 곳으로 가기');
  await press('Enter');
  await focused('composer-text');
  // A line of its own, then the message.
  await page.keyboard.type('첫');
  await press('Shift+Enter');
  await page.keyboard.type('째');
  await press('Enter');
  await visit.shows([['mine', '첫\n째', 'done'], ['reply', '하나.', 'done']]);
  await focused('composer-text');
  await page.keyboard.type('둘째');
  await press('Enter');
  await page.getByText('반쪽').waitFor();
  await press('Escape');
  await page.getByText('여기서 멈췄습니다.').waitFor();
  await go('걸린 시간', 'Shift+Tab');
  await press('Enter');
  await page.getByRole('dialog').waitFor();
  await press('Escape');
  await focused('걸린 시간');
  await go('설정', 'Shift+Tab');
  await press('Enter');
  await page.getByRole('dialog', { name: '설정' }).waitFor();
  await go('닫기');
  await press('Enter');
  await focused('설정');
  await go('English', 'Shift+Tab');
  await press('Enter');
  await page.getByRole('button', { name: 'Settings' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await go('New conversation', 'Shift+Tab');
  await press('Enter');
  await visit.shows([]);
});

onPage('Enter that ends a syllable of Hangul does not send', async (visit) => {
  await site.script(reply('답.'));
  await visit.box.focus();
  const input = await visit.context.newCDPSession(visit.page);
  await input.send('Input.imeSetComposition', { text: '안녕', selectionStart: 2, selectionEnd: 2 });
  await input.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  assert.equal(await visit.box.inputValue(), '안녕');
  await input.send('Input.insertText', { text: '안녕' });
  assert.deepEqual(await visit.messages(), []);
  await visit.page.keyboard.press('Enter');
  await visit.shows([['mine', '안녕', 'done'], ['reply', '답.', 'done']]);
});

/** Notes what a screen reader hears. */
const listen = (visit) =>
  visit.page.evaluate(() => {
    globalThis.heard = [];
    new MutationObserver((changes) => {
      for (const { addedNodes, target } of changes) {
        const region = (target.nodeType === 1 ? target : target.parentElement).closest('[role=log], [role=status]');
        if (region?.getAttribute('role') === 'log') for (const node of addedNodes) globalThis.heard.push(node.textContent);
        else if (region && region.textContent) globalThis.heard.push(`(${region.textContent})`);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });

/** The sentences that were heard up to the end of a reply. */
async function heardBy(visit) {
  let heard;
  await until(async () => (heard = await visit.page.evaluate(() => globalThis.heard)).includes('(답이 끝났습니다.)'), () => heard.join('\n'));
  await visit.page.evaluate(() => (globalThis.heard = []));
  return heard.filter((said) => !said.startsWith('('));
}

onPage('a screen reader hears finished sentences, each once, and the end', async (visit) => {
  await site.script(reply('오늘은 **날', { wait_ms: 80 }, '씨**가 ', { wait_ms: 80 }, '좋습니다. 산책', { wait_ms: 80 }, '하세요'));
  await listen(visit);
  await visit.send('날씨가 어때요?');
  await visit.finished();
  assert.deepEqual(await heardBy(visit), ['오늘은 날씨가 좋습니다.', '산책하세요']);
});

onPage('a screen reader hears short replies that come whole, also a second time, but not the history', async (visit) => {
  const replies = Array.from({ length: 8 }, (_, at) => `${at}번째 답입니다.`);
  await site.script(...replies.map((text) => reply(text)), reply('다른 답입니다.'), reply('나중 답입니다.'));
  await listen(visit);
  for (const text of replies) {
    await visit.send('말');
    assert.deepEqual(await heardBy(visit), [text]);
  }
  await visit.button('다시 답하기').click();
  assert.deepEqual(await heardBy(visit), ['다른 답입니다.']);
  await visit.stored(16);
  await visit.page.reload();
  await visit.page.getByText('다른 답입니다.').first().waitFor();
  await listen(visit);
  await visit.send('말');
  assert.deepEqual(await heardBy(visit), ['나중 답입니다.']);
});

onPage('a button that its press removes gives the focus to the text box', async (visit) => {
  const { page } = visit;
  const press = async (name) => {
    await visit.button(name).last().focus();
    await page.keyboard.press('Enter');
    await until(() => page.evaluate(() => document.activeElement.id === 'composer-text'), () => name);
  };
  await site.script(endless, reply('답.'), reply('다른 답.'));
  await visit.send('첫째');
  await page.getByText('반쪽').waitFor();
  await visit.send('둘째');
  await press('보내지 않기');
  await press('멈추기');
  await page.getByText('여기서 멈췄습니다.').waitFor();
  await press('다시 답하기');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '답.', 'done']]);
  await site.whileDown(async () => {
    await visit.send('셋째');
    await visit.button('다시 보내기').waitFor();
  });
  await press('다시 보내기');
  await visit.shows([['mine', '첫째', 'done'], ['reply', '답.', 'done'], ['mine', '셋째', 'done'], ['reply', '다른 답.', 'done']]);
});

/** Notes the texts that the page cuts into lines, as it does before it reads them as Markdown. */
function noteRead() {
  const { split } = String.prototype;
  globalThis.read = new Set();
  String.prototype.split = function (...how) {
    if (how[0] === '\n') globalThis.read.add(String(this));
    return split.apply(this, how);
  };
}

onPage('a conversation of 1,000 messages opens at its end, and a reply in it reads no other message again', async (visit) => {
  const workspace = randomUUID();
  await site.flask.store.workspace(workspace, visit.user);
  const { access, refresh } = await site.flask.store.login(visit.user);
  const at = Date.now() - 1e6;
  const ids = Array.from({ length: 1000 }, () => randomUUID());
  for (let from = 0; from < 1000; from += 50) {
    await Promise.all(
      ids.slice(from, from + 50).map((msgId, index) => {
        const number = from + index;
        const isReply = number % 2 === 1;
        const body = {
          msgId,
          msgSenderRole: isReply ? 'AI' : 'USER',
          msgContent: isReply ? `답 ${number}. **굵은** 글.\n\n- 하나\n- 둘` : `말 ${number}`,
          msgSentAt: at + number,
          msgSenderUUID: isReply ? 'ai-uuid-1234-5678-90ab-cdef12345678' : visit.user,
          parentMsgId: isReply ? ids[number - 1] : null,
          msgType: 'T',
          msgWorkspaceId: workspace,
        };
        return fetch(`${site.flask.store.url}/api/chat/save`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${access}`, refreshtoken: `Bearer ${refresh}` }, body: JSON.stringify(body) });
      }),
    );
  }
  await visit.page.goto(`${site.front.url}#/${workspace}`);
  await visit.page.reload();
  await visit.page.getByText('답 999.').waitFor();
  assert.equal(await visit.page.locator('.message').count(), 100);
  assert.ok(await visit.page.getByText('말 998', { exact: true }).evaluate((element) => element.getBoundingClientRect().top >= 0));

  /** The messages that are read as Markdown while a reply grows: a count, as times are the machine's. */
  const readAgain = async () => {
    await visit.page.evaluate(() => globalThis.read.clear());
    await visit.send('길게');
    await visit.finished();
    return visit.page.evaluate(() => ({ old: [...globalThis.read].filter((text) => text.startsWith('답 ')), isSeen: [...globalThis.read].some((text) => text.startsWith('낱말0')) }));
  };
  await site.script(reply(...Array.from({ length: 60 }, (_, at) => [`낱말${at} `, { wait_ms: 10 }]).flat()));
  assert.deepEqual(await readAgain(), { old: [], isSeen: true });
  for (let more = 0; more < 18; more++) await visit.button('이전 글 더 보기').click();
  assert.equal(await visit.page.locator('.message').count(), 1002);
  assert.deepEqual(await readAgain(), { old: [], isSeen: true });
}, { init: noteRead });

onPage('earlier messages appear above without moving those that are read', async (visit) => {
  // As the test before, but small.
  const workspace = randomUUID();
  await site.flask.store.workspace(workspace, visit.user);
  const { access, refresh } = await site.flask.store.login(visit.user);
  for (let number = 0; number < 110; number++) {
    const body = { msgId: randomUUID(), msgSenderRole: 'USER', msgContent: `말 ${number}`, msgSentAt: 1e12 + number, msgSenderUUID: visit.user, parentMsgId: null, msgType: 'T', msgWorkspaceId: workspace };
    await fetch(`${site.flask.store.url}/api/chat/save`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${access}`, refreshtoken: `Bearer ${refresh}` }, body: JSON.stringify(body) });
  }
  await visit.page.goto(`${site.front.url}#/${workspace}`);
  const first = visit.page.getByText('말 50', { exact: true });
  await first.waitFor({ state: 'attached' });
  const top = () => first.evaluate((element) => Math.round(element.getBoundingClientRect().top));
  /** Messages that are seen for the first time get their heights: the place of the first is that of two looks, some frames apart. */
  const settled = async (at) => {
    for (let last; last !== at; ) {
      last = at;
      at = await visit.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))))).then(top);
    }
    return at;
  };
  await visit.page.locator('.log').evaluate((log) => (log.scrollTop = 0));
  const before = await settled(await top());
  await visit.button('이전 글 더 보기').click();
  await visit.page.getByText('말 49', { exact: true }).waitFor({ state: 'attached' });
  const more = await settled(await top());
  assert.ok(Math.abs(more - before) <= 1, `${before} → ${more}`);
  assert.equal(await visit.page.evaluate(() => document.activeElement.innerText.trim()), '나\n\n말 49');
});

onPage('no layout shifts while a reply grows, and what is read stays where it is', async (visit) => {
  await visit.page.evaluate(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.shifts.push([entry.value, entry.sources.map(({ node, previousRect, currentRect }) => `${(node?.outerHTML ?? node?.parentElement?.outerHTML)?.slice(0, 200)} ${JSON.stringify([previousRect, currentRect])}`)]);
    }).observe({ type: 'layout-shift', buffered: false });
  });
  const pieces = Array.from({ length: 120 }, (_, at) => [`낱말 ${at} `, ...(at % 20 === 19 ? ['\n\n'] : []), { wait_ms: 4 }]).flat();
  await site.script(reply(...pieces));
  await visit.send('길게');
  await visit.page.getByText('낱말 5').first().waitFor();
  const top = () => visit.page.locator('.mine .plain').evaluate((element) => Math.round(element.getBoundingClientRect().top));
  const before = await top();
  await visit.finished();
  assert.equal(await top(), before);
  assert.deepEqual(await visit.page.evaluate(() => globalThis.shifts), []);
});

for (const [width, height] of [[320, 568], [740, 375], [320, 256]]) {
  onPage(
    `very large letters leave a line of the messages on a small screen, ${width}×${height}`,
    async (visit) => {
      await site.script(reply('하나.'), reply('둘 ', hold()));
      await visit.send('첫째');
      await visit.finished();
      const room = () => visit.page.locator('.log').evaluate((log) => log.clientHeight - 2 * parseFloat(getComputedStyle(log).paddingTop));
      const rooms = [await room()];
      await visit.button('내 말 고치기').click();
      rooms.push(await room());
      await visit.button('그만두기').click();
      await visit.send('둘째');
      await visit.page.getByText('둘').last().waitFor();
      rooms.push(await room());
      // Of 30 px, with the space between lines.
      assert.ok(Math.min(...rooms) >= 49, JSON.stringify(rooms));
      assert.equal(await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
    },
    { viewport: { width, height }, settings: { size: 'largest' } },
  );
}

onPage('with less motion nothing moves by itself', async (visit) => {
  const count = await visit.page.evaluate(() => document.getAnimations().length);
  await site.script(reply(hold()));
  await visit.send('첫째');
  await visit.page.locator('.dots').waitFor();
  assert.deepEqual([count, await visit.page.evaluate(() => document.getAnimations().length)], [0, 0]);
}, { reducedMotion: 'reduce' });
