/**
 * A short run of each fault that leaves the store's process alone; `cargo xtask faults` has the whole ones, and the others.
 *
 * H2 can damage its file when its process is killed or its disk is full (a row whose columns were mixed up was seen), which says nothing of
 * what is tested here; and in a short run the pages of a full database can have room for all that is still to be written.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { FAULTS, run, startForFaults } from './faults.mjs';

const OF_THE_COMMAND = ['store-killed', 'store-killed-at-creation', 'database-full'];

let system;
before(async () => {
  system = await startForFaults(['--first', '40', '--next', '40']);
});
after(() => system?.stop());

for (const name of Object.keys(FAULTS).filter((name) => !OF_THE_COMMAND.includes(name))) {
  test(`${name}: nothing is lost, doubled, out of order or stuck`, async (t) => {
    const { messages, found, effects, words, stages } = await run(system, name, { seed: 1, turns: 20, isShort: true });
    for (const [word, count] of [...Object.entries(effects), ...words, ...stages]) t.diagnostic(`${count} × ${word}`);
    assert.deepEqual(found, []);
    assert.ok(messages > 0);
  });
}
