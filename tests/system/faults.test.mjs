/**
 * A short run of each fault but `database-full`; `cargo xtask faults` has the whole ones.
 *
 * In a short run the pages of a full database can have room for all that is still to be written.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { FAULTS, run, startForFaults } from './faults.mjs';

const FULL = 'database-full';
/** On a system of its own beside the others, as a program: it waits for the outbox's pauses most of the time. */
const APART = ['store-killed-at-creation'];

let system;
let apart;
before(async () => {
  apart = new Map(APART.map((name) => [name, short(name)]));
  system = await startForFaults(['--first', '40', '--next', '40']);
});
after(() => system?.stop());

for (const name of Object.keys(FAULTS).filter((name) => name !== FULL && !APART.includes(name))) {
  test(`${name}: nothing is lost, doubled, out of order or stuck`, async (t) => {
    const { messages, found, effects, words, stages } = await run(system, name, { seed: 1, turns: 20, isShort: true });
    for (const [word, count] of [...Object.entries(effects), ...words, ...stages]) t.diagnostic(`${count} × ${word}`);
    assert.deepEqual(found, []);
    assert.ok(messages > 0);
  });
}

for (const name of APART) {
  test(`${name}: nothing is lost, doubled, out of order or stuck`, async (t) => {
    const { error, said } = await apart.get(name);
    t.diagnostic(said);
    assert.ifError(error);
  });
}

/** Its end, and what it said. */
function short(name) {
  const script = fileURLToPath(new URL('faults.mjs', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, '--short', name], (error, out, trouble) => resolve({ error, said: out + trouble }));
  });
}
