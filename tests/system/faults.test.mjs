/** A short run of each fault; `cargo xtask faults` has the whole ones. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { FAULTS, run, startForFaults } from './faults.mjs';

/** Each on a system of its own beside the others, as a program: they wait for the outbox's pauses most of the time, or need a mount. */
const APART = ['store-killed-at-creation', 'database-full'];

let system;
let apart;
before(async () => {
  apart = new Map(APART.map((name) => [name, short(name)]));
  system = await startForFaults(['--first', '40', '--next', '40']);
});
after(() => system?.stop());

for (const name of Object.keys(FAULTS).filter((name) => !APART.includes(name))) {
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

/** Its end, and what it said; in a namespace in which it may mount a small file system. */
function short(name) {
  const script = fileURLToPath(new URL('faults.mjs', import.meta.url));
  const unshared = ['--map-root-user', '--mount', process.execPath, script, '--short', name];
  return new Promise((resolve) => {
    execFile('unshare', unshared, (error, out, trouble) => resolve({ error, said: out + trouble }));
  });
}
