/**
 * `node bench.mjs [--rounds N]`: `useChat` of turnwire beside that of the AI SDK, throttled to the same 50 ms, and beside the same text without a library, in
 * one Chromium: renders, CPU time, and the time until the first character is seen.
 */

import { parseArgs } from 'node:util';

import { measure, open, PAGES, serve } from './bench-pages.mjs';
import { startChromium } from './chromium.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const TOKENS = 1000;

const browser = await startChromium();
const long = await serve(TOKENS);
const short = await serve(1);
try {
  const found = Object.fromEntries(PAGES.map((page) => [page, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const page of PAGES) {
      const tab = await open(browser, long.url, page);
      await measure(tab); // The code is compiled.
      found[page].push(await measure(tab));
      await tab.close();
    }
  }
  const firsts = {};
  for (const page of PAGES) {
    const tab = await open(browser, short.url, page);
    firsts[page] = [];
    for (let count = 0; count < 50; count += 1) firsts[page].push((await measure(tab)).firstMs);
    await tab.close();
  }
  const least = (page, name) => Math.min(...found[page].map((one) => one[name]));
  const cpu = (page, part) => Math.min(...found[page].map((one) => one.cpu[part]));
  const parts = ['task', 'script', 'style', 'layout', 'other'];
  console.log(`${TOKENS} tokens at 1 ms, ${rounds} rounds in turn; the least of each`);
  console.log('| page | renders of the list | renders of a finished message, most | CPU ms of the thread | of that JavaScript | styles | layout | other | first character ms (median of 50) | layout shift |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const page of PAGES) {
    const most = Math.max(...found[page].flatMap(({ of }) => Object.entries(of).filter(([id]) => id.startsWith('old-')).map(([, count]) => count)), 0);
    const shift = Math.max(...found[page].map((one) => one.shift));
    console.log(`| ${page} | ${least(page, 'list')} | ${most} | ${parts.map((part) => cpu(page, part).toFixed(0)).join(' | ')} | ${median(firsts[page]).toFixed(1)} | ${shift} |`);
  }
  const ratio = (part, own = 0) => ((cpu('turnwire', part) - own) / (cpu('ai-sdk', part) - own)).toFixed(2);
  const beyond = ratio('task', cpu('nothing', 'task'));
  console.log(`CPU, turnwire / ai-sdk: ${ratio('script')} of JavaScript; ${ratio('task')} of the thread, which lays out and paints the same text; ${beyond} of it beyond the page without a library`);
  console.log(`a reply took ${least('turnwire', 'ms').toFixed(0)} and ${least('ai-sdk', 'ms').toFixed(0)} ms`);
} finally {
  await browser.close();
  long.close();
  short.close();
}
