/** A short run of the faults of a system with a broker, two chat services and two couriers; `cargo xtask faults --nats` has the whole ones. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { run } from './faults.mjs';
import { startForFaults } from './faulty.mjs';
import { NATS_FAULTS } from './nats-faults.mjs';

let system;
before(async () => {
  system = await startForFaults(['--first', '40', '--next', '40'], { hasBroker: true });
});
after(() => system?.stop());

for (const name of [...Object.keys(NATS_FAULTS), 'chat-service-killed']) {
  test(`${name}: nothing is lost, doubled, out of order or stuck`, async (t) => {
    const { messages, uncounted, found, effects, words, stages } = await run(system, name, { seed: 1, turns: 20, isShort: true });
    for (const [word, count] of [...Object.entries({ ...effects, 'not counted': uncounted }), ...words, ...stages]) t.diagnostic(`${count} × ${word}`);
    assert.deepEqual(found, []);
    assert.ok(messages > 0);
  });
}
