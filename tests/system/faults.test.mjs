/** A short run of each fault; `cargo xtask faults` has the whole ones. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { FAULTS, run } from './faults.mjs';
import { startForFaults } from './faulty.mjs';

let system;
before(async () => {
  system = await startForFaults(['--first', '40', '--next', '40']);
});
after(() => system?.stop());

for (const name of Object.keys(FAULTS)) {
  test(`${name}: nothing is lost, doubled, out of order or stuck`, async (t) => {
    const { messages, found, effects, words, stages } = await run(system, name, { seed: 1, turns: 20, isShort: true });
    for (const [word, count] of [...Object.entries(effects), ...words, ...stages]) t.diagnostic(`${count} × ${word}`);
    assert.deepEqual(found, []);
    assert.ok(messages > 0);
  });
}
