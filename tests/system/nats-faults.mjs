/** Faults that only a system with a broker can have, of the form of those in `faults.mjs`. */

import { setTimeout as wait } from 'node:timers/promises';

import { ofFiles, untilStatus, waiting } from './outboxes.mjs';
import { until } from './until.mjs';

/** The time in which a record of a killed courier reaches another one: the broker waits 30 s for a sign of life. */
const TAKEN_OVER_WITHIN = 120_000;

export const NATS_FAULTS = {
  'courier-killed': async ({ system, ledger, turnsDone, turns, name, seed }) => {
    await turnsDone(turns / 5);
    // Its workspace is there: the message that opens a conversation reaches the broker only after an answer of the store.
    // A second message waits for the session, which the store that is stopped below could not show.
    const opened = await ledger.talk([`${name} ${seed}: 새 이야기`, `${name} ${seed}: 두 번째 말`]);
    const [{ program }, other] = system.couriers;
    let [held, delivered, more] = [];
    try {
      // The other one ends in order: whatever is in flight then is at the one that is killed.
      await other.program.stop();
      try {
        system.store.signal('SIGSTOP');
        // A record is on its way also when all other turns are over.
        more = ledger.talk([`${name} ${seed}: 다음 말`], opened);
        held = await until(async () => some(await inFlight(system)), () => 'no record in flight');
        await program.kill();
      } finally {
        system.store.signal('SIGCONT');
      }
      await system.startCourier(1);
      const isTaken = ({ name, sequence }) => (consumer) => consumer.name === name && consumer.ack_floor.stream_seq >= sequence;
      const allTaken = (consumers) => held.every((record) => consumers.some(isTaken(record)));
      await until(async () => allTaken(await consumersOf(system)), () => JSON.stringify(held), TAKEN_OVER_WITHIN);
      // Records that the store had already taken from the killed one may count as taken before the other one has delivered any.
      const deliveries = () => metric(system.couriers[1], 'turnwire_courier_delivered_total');
      delivered = await until(deliveries, () => 'no delivery of the other courier', TAKEN_OVER_WITHIN);
    } finally {
      // The next fault has both.
      for (const [at, { program }] of system.couriers.entries()) if (program.status) await system.startCourier(at);
    }
    await more;
    return () => ({ 'killed couriers': Number(program.status === 'SIGKILL'), 'records in flight at the killed courier': held.length, 'deliveries of the other one': delivered });
  },
  'broker-killed': async ({ system, ledger, turnsDone, turns, isShort, wrong }) => {
    await turnsDone(turns / 5);
    const { broker } = system;
    await broker.kill();
    const [before, failures] = [ledger.turns, ledger.failures];
    let inFiles;
    try {
      await (isShort ? turnsDone(turns * 0.6) : wait(30_000));
      inFiles = waiting(ofFiles(system, 'status'));
    } finally {
      await system.startBroker();
    }
    if (ledger.failures > failures) wrong.push(`${ledger.failures - failures} turns failed without a broker`);
    const without = ledger.turns - before;
    return () => ({ 'killed brokers': Number(broker.status === 'SIGKILL'), 'turns without a broker': without, 'records that waited in the files': inFiles });
  },
  'couriers-gone': async ({ system, ledger, turnsDone, turns, isShort, name, seed, wrong }) => {
    await turnsDone(turns / 5);
    const gone = system.couriers.map(({ program }) => program);
    await Promise.all(gone.map((program) => program.stop()));
    const [before, failures] = [ledger.turns, ledger.failures];
    let inStream;
    try {
      // A turn is without a courier also when all others were over before.
      await ledger.talk([`${name} ${seed}: 새 이야기`]);
      await (isShort ? turnsDone(turns * 0.6) : wait(30_000));
      inStream = await untilStatus(system, (places) => waiting(places.filter(({ stream }) => stream)));
    } finally {
      for (const at of gone.keys()) await system.startCourier(at);
    }
    if (ledger.failures > failures) wrong.push(`${ledger.failures - failures} turns failed without a courier`);
    const without = ledger.turns - before;
    const inOrder = gone.filter(({ status }) => status === 'exit status 0').length;
    if (inOrder < gone.length) wrong.push(`couriers that ended with ${gone.map(({ status }) => status).join(', ')}`);
    return () => ({ 'couriers that ended in order': inOrder, 'turns without a courier': without, 'records that waited in the stream': inStream });
  },
};

/** The consumers of the stream as the broker shows them: each is a partition. */
async function consumersOf({ monitorUrl }) {
  const { account_details: accounts } = await (await fetch(`${monitorUrl}/jsz?consumers=true`)).json();
  const streams = accounts.flatMap(({ stream_detail: streams }) => streams);
  return streams.find(({ name }) => name === 'turnwire').consumer_detail;
}

/** The records that couriers have and have not confirmed: one of a partition at most. */
async function inFlight(system) {
  const busy = (await consumersOf(system)).filter(({ num_ack_pending: pending }) => pending > 0);
  return busy.map(({ name, delivered }) => ({ name, sequence: delivered.stream_seq }));
}

const some = (list) => list.length > 0 && list;

/** A value of a courier's metrics; `NaN` if it is left out, as where the broker has not answered in time. */
async function metric({ url }, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}
