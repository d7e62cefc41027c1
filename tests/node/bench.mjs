/**
 * The cost of a streamed chunk beside `openai` and `@ai-sdk/openai-compatible`, on bodies as services send them.
 *
 * `cargo xtask bench node` runs it. Each measurement is a process of its own and a line of JSON on standard output; the
 * clients take turns. `TURNWIRE_BENCH_SERVER` is the program that serves the bodies.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const SHAPES = 'openai,escaped,moving,tools,llamacpp,ollama,constant';
/** Of paced streams, each of which takes seconds. */
const PACED_SHAPES = 'openai,moving';
// Chunks of a flood. The peers take many times as long, so that a shorter one costs as much a chunk.
const FLOOD = { turnwire: 60_000, 'turnwire/openai': 60_000, openai: 15_000, '@ai-sdk/openai-compatible': 15_000 };
const PACED = 200;
// Chunks of the flood before paced streams, so that these are read by code that V8 has compiled.
const WARM_UP = 10_000;
const PACE_MS = 20;
const CHILD = fileURLToPath(new URL('bench-child.mjs', import.meta.url));

const { values } = parseArgs({
  options: {
    shapes: { type: 'string' },
    framings: { type: 'string', default: 'large,chunked' },
    streams: { type: 'string', default: '200' },
    others: { type: 'string', default: 'import,memory' },
    clients: { type: 'string', default: Object.keys(FLOOD).join() },
    rounds: { type: 'string', default: '3' },
  },
});
const words = (text) => (text === 'none' ? [] : text.split(','));

/** All lines to measure, each with the path of its body, and of one to read before if that is another. */
function* cells() {
  for (const framing of words(values.framings)) {
    for (const shape of words(values.shapes ?? SHAPES)) {
      yield [{ shape, framing, pace_ms: 0, streams: 1 }, (count) => `/${shape}/${framing}/0/${count}`];
    }
  }
  for (const streams of words(values.streams).map(Number)) {
    for (const shape of words(values.shapes ?? PACED_SHAPES)) {
      const line = { shape, framing: 'packet', pace_ms: PACE_MS, streams };
      yield [line, () => `/${shape}/packet/${PACE_MS}/${PACED}`, () => `/${shape}/packet/0/${WARM_UP}`];
    }
  }
  for (const what of words(values.others)) yield [{ what }, () => '/openai/chunked/0/10'];
}

/** One measurement, in a process of its own. */
async function measure(client, line, bases) {
  const bodies = await Promise.all(bases.map(async (base) => [base, await (await fetch(base)).text()]));
  const what = line.what ?? (line.pace_ms > 0 ? 'paced' : 'flood');
  // Through the link to this package, `openai` is looked for beside the link.
  const args = ['--preserve-symlinks', CHILD, client, what, String(line.streams ?? 1), ...bodies.flat()];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

const server = spawn(process.env.TURNWIRE_BENCH_SERVER, { stdio: ['pipe', 'pipe', 'inherit'] });
const [ready] = await once(server.stdout, 'data');
const { url } = JSON.parse(ready);
for (const [line, ...paths] of cells()) {
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const client of words(values.clients)) {
      const found = await measure(client, line, paths.map((path) => url + path(FLOOD[client])));
      console.log(JSON.stringify({ language: 'node', client, ...line, ...found }));
    }
  }
}
server.stdin.end(); // it ends with its standard input
