/** The texts that the page's voice and its screen readers get. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const source = fileURLToPath(new URL('../../examples/react/src/text/sentences.ts', import.meta.url));
const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: 'esm', write: false });
const { finishedSentences, withoutMarks } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const texts = [
  ['numbers keep their ranges', '하루 2~3번, 10~20분 걸으세요.', '하루 2~3번, 10~20분 걸으세요.'],
  ['products keep their sign', '5*3은 15이고 2*4는 8입니다.', '5*3은 15이고 2*4는 8입니다.'],
  ['names keep their underscores', 'snake_case_name', 'snake_case_name'],
  ['dates keep their year', '2026. 11. 26. 목요일입니다.', '2026. 11. 26. 목요일입니다.'],
  ['strong text', '**날씨**가 *아주* __좋습니다__.', '날씨가 아주 좋습니다.'],
  ['text that is struck out, and code', '~~아니요~~ `네`', '아니요 네'],
  ['lists and headings', '# 오늘\n1. 물\n- 산책', '오늘\n물\n산책'],
  ['links', '[여기](https://example.org)를 보세요.', '여기를 보세요.'],
];
for (const [name, text, expected] of texts) test(`spoken: ${name}`, () => assert.equal(withoutMarks(text), expected));

test('spoken: sentences that are complete', () => {
  assert.deepEqual(finishedSentences('하나. 둘! 세', false), ['하나.', '둘!']);
  assert.deepEqual(finishedSentences('하나. 둘! 세', true), ['하나.', '둘!', '세']);
});
