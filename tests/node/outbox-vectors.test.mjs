/** The cases that every language runs: `tests/vectors/outbox`. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Outbox } from 'turnwire';

const folder = new URL('../vectors/outbox/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).map((one) => ({ file, ...one })));

const FIELDS = ['file', 'name', 'settings', 'path', 'content', 'sink', 'error', 'steps', 'deliveries', 'payloads'];
/** Settings that are times: JavaScript counts milliseconds. */
const TIMES = ['waitWhenFull', 'initialBackoff', 'maxBackoff'];

test('there are cases', () => assert.ok(cases.length >= 25, `only ${cases.length}`));

for (const one of cases) {
  test(`${one.file}: ${one.name}`, async () => {
    assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
    const directory = mkdtempSync(join(tmpdir(), 'outbox-'));
    try {
      await run(one, directory);
    } finally {
      rmSync(directory, { recursive: true, maxRetries: 10, force: true });
    }
  });
}

async function run(one, directory) {
  const path = one.path && join(directory, one.path);
  if (one.content === null) mkdirSync(path);
  else if (one.content !== undefined) writeFileSync(path, one.content);
  const deliveries = [];
  const payloads = {};
  const scripts = new Map(Object.entries(one.sink ?? {}).map(([id, outcomes]) => [id, [...outcomes]]));
  const sink = ({ id, payload }) => {
    deliveries.push(id);
    payloads[id] = payload;
    const script = scripts.get(id) ?? ['delivered'];
    const outcome = script.length > 1 ? script.shift() : script[0];
    if (outcome === 'delivered') return undefined;
    return outcome.after === undefined ? outcome : { ...outcome, after: outcome.after * 1e3 };
  };
  const make = () => new Outbox(path, { ...renamed(one.settings ?? {}), sink: one.sink === null ? null : sink });
  if (one.error) return assert.throws(make, matching(one.error));

  let outbox = make();
  for (const step of one.steps) {
    if (step.reopen) {
      await outbox.shutdown({ timeout: 0 });
      outbox = make();
    } else {
      await take(outbox, step);
    }
  }
  await outbox.shutdown({ timeout: 0 });
  if (one.deliveries) assert.deepEqual(deliveries, one.deliveries);
  for (const [id, payload] of Object.entries(one.payloads ?? {})) assert.deepEqual(payloads[id], payload);
}

async function take(outbox, step) {
  const [name, given] = Object.entries(step)[0];
  switch (name) {
    case 'enqueue':
    case 'hold':
    case 'release': {
      const { payload, ...record } = given;
      const call = outbox[name]({ ...renamed(record), payload });
      if (step.error) return assert.rejects(call, matching(step.error));
      const receipt = await call;
      return assert.deepEqual(receipt, step.receipt ? renamed(step.receipt) : receipt);
    }
    case 'until':
      for (let tries = 0; ; tries += 1) {
        const found = compared(given, await outbox.pending());
        if (tries === 500) return assert.deepEqual(found, given.map(renamed));
        if (isSame(found, given.map(renamed))) return undefined;
        await outbox.flush({ timeout: 20 });
      }
    case 'flush':
    case 'shutdown': {
      const report = await outbox[name]({ timeout: given * 1e3 });
      return assert.deepEqual(report, step.report ?? report);
    }
    case 'requeue':
    case 'discard':
      return assert.equal(await outbox[name](given), step.found);
    case 'stats': {
      const stats = await outbox.stats();
      return assert.deepEqual(compared([given], [stats]), [renamed(given)]);
    }
    case 'pending':
      return assert.deepEqual(compared(given, await outbox.pending()), given.map(renamed));
    case 'dead_letters':
      return assert.deepEqual(compared(given, await outbox.deadLetters()), given.map(renamed));
    default:
      return assert.fail(`a step that this runner does not know: ${name}`);
  }
}

/** The fields that are compared, of each item. */
function compared(expected, found) {
  if (expected.length !== found.length) return found;
  return expected.map((each, at) => Object.fromEntries(Object.keys(renamed(each)).map((name) => [name, found[at][name]])));
}

function isSame(one, other) {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

function matching({ code, has }) {
  return (error) => {
    assert.equal(error.errorCode, code);
    // Messages name fields in the case of JavaScript.
    assert.ok(error.message.includes(has), error.message);
    return true;
  };
}

/** Names in the case of JavaScript, but those within a payload. */
function renamed(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const own = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
      if (own === 'payload') return [own, each];
      return [own, TIMES.includes(own) ? each * 1e3 : renamed(each)];
    }),
  );
}
