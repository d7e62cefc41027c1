/** The lines of event streams: the cases drawn from public suites and the standard, `tests/vectors/sse-cases.json`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { random } from './bodies.mjs';

const file = fileURLToPath(new URL('../../bindings-node/ts/browser/event-lines.ts', import.meta.url));
const { outputFiles } = await build({ entryPoints: [file], bundle: true, format: 'esm', write: false });
const { eventLines } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const cases = JSON.parse(readFileSync(new URL('../vectors/sse-cases.json', import.meta.url), 'utf8'));
const CUTS = 500;

/** The data of the events in these pieces. A reader of turns has no use for the rest, and takes a last event only if it is JSON. */
function read(pieces) {
  const decoder = new TextDecoder();
  const lines = eventLines({ _error: assert.fail });
  const found = [];
  for (const piece of pieces) found.push(...lines(decoder.decode(piece, { stream: true }), false));
  found.push(...lines(decoder.decode(), true));
  return found;
}

test('there are cases', () => assert.ok(cases.length >= 170, `only ${cases.length}`));

for (const { name, encoding, chunks, expected } of cases) {
  test(`${name}, as it comes and in ${CUTS} random cuts`, () => {
    const pieces = chunks.map((chunk) => Buffer.from(chunk, encoding === 'utf-8' ? 'utf8' : encoding));
    const wanted = expected.map(({ data }) => data);
    assert.deepEqual(read(pieces), wanted);
    const bytes = Buffer.concat(pieces);
    const next = random(name);
    for (let cut = 0; cut < CUTS; cut += 1) {
      const cuts = [];
      for (let at = 0; at < bytes.length; ) cuts.push(bytes.subarray(at, (at += 1 + Math.floor(next() * next() * bytes.length))));
      assert.deepEqual(read(cuts), wanted);
    }
  });
}
