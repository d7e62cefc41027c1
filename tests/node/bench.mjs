/**
 * What a chunk costs beside the `openai` package: each measurement in a process of its own, the two packages in
 * turn, medians of five. `node bench.mjs [import|burst|memory|paced …]`
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { chat, startFake } from './fake.mjs';

const ROUNDS = 5;
const chosen = process.argv.slice(2);
const fake = await startFake();

const text = 'some ten words of text, as much as a chunk '.padEnd(60, '.');
const delta = (content) => ({
  sse: {
    id: 'chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz0123', object: 'chat.completion.chunk', created: 1764660000,
    model: 'gpt-4o-mini-2024-07-18', service_tier: 'default', system_fingerprint: 'fp_0123456789',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], obfuscation: 'aB3xYz9',
  },
});
// Each event in an HTTP chunk of its own, as most servers send it; and the body in large pieces.
const burst = (framing) => ({ coalesce: 65536, framing, steps: [{ role: 'assistant' }, { repeat: { times: 100_000, steps: [delta(text)] } }, { finish: 'stop' }, { done: true }] });
const paced = { steps: [{ role: 'assistant' }, { repeat: { times: 200, steps: [{ text: '안녕 ' }, { wait_ms: 5 }] } }, { finish: 'stop' }, { done: true }] };

async function run(library, what, script) {
  await fake.script(Array(4).fill(chat('warm')), 'warm-up');
  await fake.script(Array(100).fill(script), 'bench');
  const args = [new URL('bench-child.mjs', import.meta.url).pathname, library, what, fake.baseURL, 'bench'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

async function compare(what, script) {
  if (chosen.length > 0 && !chosen.includes(what)) return undefined;
  const found = { turnwire: [], openai: [], none: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const library of Object.keys(found)) {
      if (library !== 'none' || what === 'memory') found[library].push(await run(library, what, script));
    }
  }
  return (library, field) => median(found[library].map((each) => each[field]));
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

const rows = [];
function row(name, ours, theirs, bar) {
  rows.push({ what: name, turnwire: ours.toFixed(2), openai: theirs.toFixed(2), ratio: `1/${(theirs / ours).toFixed(1)}`, bar });
}

let of = await compare('import', {});
if (of) row('import, ms', of('turnwire', 'ms'), of('openai', 'ms'), '≤ 20 and ≤ 1/7');
of = await compare('burst', burst('chunked'));
if (of) row('a chunk in a burst, CPU µs', of('turnwire', 'us'), of('openai', 'us'), '≤ 1/8');
of = await compare('burst', burst('close'));
if (of) row('  the same in large pieces', of('turnwire', 'us'), of('openai', 'us'), '≤ 1/8');
of = await compare('memory', chat('안녕'));
if (of) row('memory after the first stream, above bare Node, MB', of('turnwire', 'mb') - of('none', 'mb'), of('openai', 'mb') - of('none', 'mb'), '≤ 1/4');
of = await compare('paced', paced);
if (of) {
  row('100 streams × 200 tokens at 5 ms, CPU ms', of('turnwire', 'ms'), of('openai', 'ms'), '≤ 1');
  row('  event-loop delay p99, ms', of('turnwire', 'p99'), of('openai', 'p99'), '≤ 1');
}
console.table(rows);
fake.close();
