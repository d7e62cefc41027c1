/** Items on their way from the native side to their readers: those that nobody has read yet, and those of calls that nobody reads any more. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { OpenAI, OpenAISpeaker, Speech } from 'turnwire';

import { endless, messages, startFake } from './fake.mjs';
import { list } from './voices.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const own = fileURLToPath(new URL('../../bindings-node/', import.meta.url));
const { build } = createRequire(join(own, 'package.json'))('esbuild');

/** The native side: what was given to the last waker, and what it hands over next. */
const side = { onReady: undefined, unread: undefined, handed: [] };
globalThis.nativeOfTheDeskTest = {
  Waker: class {
    constructor(onReady) {
      side.onReady = onReady;
    }
    handOver(unread) {
      side.unread = unread;
      const items = side.handed.splice(0);
      return items.length > 0 ? { text: JSON.stringify(items) } : null;
    }
    close() {}
  },
};

let place;
let fake;
let ActiveCall;
before(async () => {
  fake = await startFake();
  place = mkdtempSync(join(tmpdir(), 'turnwire-desk-'));
  const native = {
    name: 'native',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/native\.js$/ }, () => ({ path: 'native', namespace: 'here' }));
      onLoad({ filter: /.*/, namespace: 'here' }, () => ({ contents: 'export const native = globalThis.nativeOfTheDeskTest;' }));
    },
  };
  const outfile = join(place, 'active-call.mjs');
  await build({ entryPoints: [join(own, 'ts/active-call.ts')], bundle: true, platform: 'node', format: 'esm', outfile, plugins: [native] });
  ({ ActiveCall } = await import(pathToFileURL(outfile)));
});
after(() => {
  fake.close();
  rmSync(place, { recursive: true, force: true });
  delete globalThis.nativeOfTheDeskTest;
});
beforeEach(() => side.handed.splice(0));

const until = async (holds) => {
  const end = Date.now() + 60_000;
  while (!holds()) {
    assert.ok(Date.now() < end, 'it did not come so');
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** A native call that has nothing to take, and the ids with which it was asked. */
function idle() {
  const ids = [];
  return { ids, take: (_, id) => (ids.push(id), null), cancel() {} };
}

/** Hands items over to a desk, and waits until that was done. */
async function handOver(id, items) {
  side.handed.push(id, items);
  side.onReady();
  await until(() => side.handed.length === 0);
}

test('no more is handed over to a stream with unread items', async () => {
  const native = idle();
  const call = new ActiveCall(() => native);
  const first = call.piece();
  await until(() => native.ids.length === 1);
  const [id] = native.ids;
  await handOver(id, ['a']);
  assert.deepEqual(await first, ['a']);

  await handOver(id, ['b']);
  assert.equal(side.unread[id], 1);
  assert.deepEqual(await call.piece(), ['b']);
  assert.equal(side.unread[id], 0);
  // The native side wakes for it again by itself.
  const third = call.piece();
  await handOver(id, ['c']);
  assert.deepEqual(await third, ['c']);
  assert.deepEqual(native.ids, [id]);
  call.close();
});

test('unread items of one stream leave the others alone', async () => {
  const natives = Array.from({ length: 100 }, idle);
  const calls = natives.map((native) => new ActiveCall(() => native));
  const pieces = calls.map((call) => call.piece());
  await until(() => natives.every(({ ids }) => ids.length === 1));
  for (const [number, { ids }] of natives.entries()) await handOver(ids[0], [number]);
  assert.deepEqual(await Promise.all(pieces), natives.map((_, number) => [number]));
  const [slow, ...rest] = natives.map(({ ids }) => ids[0]);
  await handOver(slow, ['unread']);
  const marked = rest.filter((id) => side.unread[id] !== 0);
  assert.deepEqual([side.unread[slow], marked], [1, []]);
  for (const call of calls) call.close();
});

test('a call that was closed leaves its desk to another one only after its last wake', async () => {
  const begin = async () => {
    const native = idle();
    const call = new ActiveCall(() => native);
    const piece = call.piece();
    await until(() => native.ids.length === 1);
    return { call, native, piece, id: native.ids[0] };
  };
  const left = await begin();
  await handOver(left.id, ['a']);
  await left.piece;
  left.call.close();
  const next = await begin();
  // Items that are on their way to the next one must not be overtaken by those that it takes by itself.
  side.handed.push(left.id, null);
  await handOver(next.id, ['b']);
  assert.deepEqual(await next.piece, ['b']);
  assert.deepEqual(next.native.ids, [next.id]);
  const third = await begin();
  assert.equal(third.id, left.id);
  await handOver(third.id, { end: true });
  for (const { call } of [next, third]) call.close();
});

test('audio that arrives together is in order, also after a stream that was left', async () => {
  const client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
  const [model, voice] = [await fake.script(endless()), await fake.script([{ act: 'pass' }])];
  const speech = new Speech(new OpenAISpeaker({ client, model: voice }));
  for (let n = 0; n < 3; n += 1) {
    let chunks = 0;
    for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
      assert.ok(chunk);
      if ((chunks += 1) === 5) break;
    }
    const pieces = list(speech.speak('하나요. 둘이요. 셋이요.'));
    await Promise.resolve();
    // All three are there before the event loop looks for any.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    assert.deepEqual((await pieces).map(({ text }) => text), ['하나요.', '둘이요.', '셋이요.']);
  }
});

test('a call that nobody reads any more leaves its desk to the next one', async () => {
  const ids = new Set();
  const abandon = async () => {
    const native = idle();
    const call = new ActiveCall(() => native);
    const first = call.piece();
    await until(() => native.ids.length === 1);
    await handOver(native.ids[0], ['a']);
    await first;
    // This one stays unread.
    await handOver(native.ids[0], ['b']);
    ids.add(native.ids[0]);
    return native.ids[0];
  };
  for (let n = 0; n < 50; n += 1) {
    const id = await abandon();
    gc();
    // The last wake, as the native call is gone as well.
    side.handed.push(id, null);
    side.onReady();
    // Finalizers run in a turn of the event loop of their own.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.ok(ids.size < 25, `${ids.size} desks for 50 calls, one at a time`);
});

test('a stream that is not read for a while loses nothing, and holds nobody up', async () => {
  const client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
  const numbers = Array.from({ length: 200 }, (_, number) => `${number} `);
  const steps = [{ role: 'assistant' }, ...numbers.flatMap((text) => [{ wait_ms: 2 }, { text }]), { finish: 'stop' }, { done: true }];
  const model = await fake.script(Array(10).fill({ steps }));
  const open = async () => (await client.chat.completions.create({ model, messages, stream: true }))[Symbol.asyncIterator]();
  const read = async (iterator, most = Infinity) => {
    let text = '';
    for (let next; most > 0 && !(next = await iterator.next()).done; most -= 1) text += next.value.choices[0]?.delta.content ?? '';
    return text;
  };
  const slow = await open();
  // It has waited for its items, so that more of them are handed over by themselves.
  const begun = await read(slow, 5);
  const others = await Promise.all(Array.from({ length: 9 }, async () => read(await open())));
  assert.deepEqual(others, Array(9).fill(numbers.join('')));
  assert.equal(begun + (await read(slow)), numbers.join(''));
});
