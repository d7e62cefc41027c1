/** The parts of examples/react that need no page: what is heard of a text, and how it is read aloud. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { JSDOM } from 'jsdom';

/** A module of the page, compiled. */
async function load(name) {
  const entry = fileURLToPath(new URL(`../../examples/react/src/${name}`, import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const { finishedSentences, withoutMarks } = await load('text/sentences.ts');
const { Reader } = await load('speech/reader.ts');

const HEARD = [
  // Numbers, as they are written.
  ['하루 2~3번 드세요.', '하루 2~3번 드세요.'],
  ['하루 2~3번, 10~20분 걸으세요.', '하루 2~3번, 10~20분 걸으세요.'],
  ['5*3은 15', '5*3은 15'],
  ['2*3은 6이고 4*5는 20', '2*3은 6이고 4*5는 20'],
  ['2**3은 8이고 3**2는 9', '2**3은 8이고 3**2는 9'],
  ['2026. 11. 26. 목요일입니다.', '2026. 11. 26. 목요일입니다.'],
  ['snake_case', 'snake_case'],
  // Marks.
  ['**날씨**가 *참* 좋고 ***아주*** 맑다.', '날씨가 참 좋고 아주 맑다.'],
  ['*날씨*가 **2~3일** 좋다.', '날씨가 2~3일 좋다.'],
  ['**밖은 *참* 좋다**', '밖은 참 좋다'],
  ['~~어제~~ 오늘', '어제 오늘'],
  ['_참_ __아주__ `코드`', '참 아주 코드'],
  ['# 산책\n\n* 신발\n- 물\n> 천천히', '산책\n신발\n물\n천천히'],
  ['3. 12. 목요일', '3. 12. 목요일'],
  ['1. 신발\n2. 물', '1. 신발\n2. 물'],
  ['[자세히](https://example.com)', '자세히'],
];
for (const [text, heard] of HEARD) test(`heard of ${JSON.stringify(text)}`, () => assert.equal(withoutMarks(text), heard));

test('a date and the number of a list end no sentence', () => {
  assert.deepEqual(finishedSentences('2026. 11. 26. 목요일입니다. 맑아요.', true), ['2026. 11. 26. 목요일입니다.', '맑아요.']);
  assert.deepEqual(finishedSentences('1. 신발\n2. 물', true), ['1. 신발', '2. 물']);
});

test('the finished sentences of a growing text do not change as it grows', () => {
  const text = '**첫째 날. 맑음.** *둘째 날.* 하루 2~3번. ~~셋째. 넷째.~~ 2026. 11. 26. 끝.';
  const whole = finishedSentences(text, true);
  assert.deepEqual(whole, ['첫째 날.', '맑음.', '둘째 날.', '하루 2~3번.', '셋째.', '넷째.', '2026. 11. 26. 끝.']);
  for (let end = 0; end <= text.length; end++) {
    const now = finishedSentences(text.slice(0, end), false);
    assert.deepEqual(now, whole.slice(0, now.length), text.slice(0, end));
  }
});

test('speech that fails while the reply grows asks for nothing more, and its error stays', async () => {
  const calls = [];
  const states = [];
  const queue = { stop() {}, finish() {}, add() {} };
  const speak = async (text) => {
    calls.push(text);
    throw new Error('broken');
  };
  const reader = new Reader(queue, speak, (state) => states.push(state));
  reader.read('a', ['하나.'], false);
  await new Promise(setImmediate);
  reader.read('a', ['하나.', '둘.'], false);
  reader.read('a', ['하나.', '둘.'], true);
  await new Promise(setImmediate);
  assert.deepEqual(calls, ['하나.']);
  assert.deepEqual([states.at(-1).isLoading, states.at(-1).problem?.message], [false, 'broken']);
  // On demand it is tried again.
  reader.stop();
  reader.read('a', ['하나.', '둘.'], true);
  assert.deepEqual(calls, ['하나.', '하나.', '둘.']);
});

test('the spoken number of a list is no part of the mark, and a number in the text is', async (t) => {
  const { findSentence } = await load('speech/mark.ts');
  const { window } = new JSDOM('<ol start="3"><li>신발을 신으세요.</li></ol><p>5. 물 2~3잔.</p>');
  const names = ['document', 'NodeFilter'];
  for (const name of names) globalThis[name] = window[name];
  t.after(() => names.forEach((name) => delete globalThis[name]));
  const found = (sentence) => findSentence(window.document.body, sentence, 0)?.range.toString();
  assert.equal(found('3. 신발을 신으세요.'), '신발을 신으세요.');
  assert.equal(found('5. 물 2~3잔.'), '5. 물 2~3잔.');
  assert.equal(found('4. 없는 말.'), undefined);
});
