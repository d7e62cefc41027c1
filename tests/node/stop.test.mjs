/** Turns that are stopped, which is not leaving them. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { OpenAI, Turns } from 'turnwire';

import { endless, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

let fake;
before(async () => {
  fake = await startFake();
});
after(() => fake.close());

/** Turns whose reply does not end. */
async function endlessTurns(options) {
  return new Turns(new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 }), { model: await fake.script(endless()), ...options });
}

/** True if a promise needs no turn of the event loop. */
async function isThere(promise) {
  let isSettled = false;
  void promise.then(() => (isSettled = true));
  for (let jobs = 0; jobs < 20; jobs += 1) await Promise.resolve();
  return isSettled;
}

test('a turn that is stopped ends well, with its text so far', async () => {
  for (const stop of [(turns, turn) => turns.stop(turn.id), (turns, turn) => turn.stop() ?? true]) {
    const turns = await endlessTurns();
    const turn = turns.start({ message: 'm' });
    let last;
    for await (const event of turn) {
      if (!last) assert.ok(await stop(turns, turn));
      last = event;
    }
    assert.deepEqual(last, { type: 'done', stopped: true });
    assert.equal(await turns.stop(turn.id), false);
  }
});

test('a turn is stopped while the event loop is busy, and its end comes in one wake with its text so far', async () => {
  const store = await startStore();
  try {
    await store.workspace('w', USER);
    const { access, refresh } = await store.login(USER);
    const turns = await endlessTurns({ store: store.url });
    const turn = turns.start({ message: 'm', userId: USER, workspaceId: 'w', accessToken: access, refreshToken: refresh });
    const events = turn[Symbol.asyncIterator]();
    let text = '';
    while (text.length < 9) text += (await events.next()).value.content ?? '';
    // Text that lies here unread is told without a wake.
    let next = events.next();
    for (; await isThere(next); next = events.next()) text += (await next).value.content;
    const stopped = turns.stop(turn.id);
    // Nothing of JavaScript runs meanwhile. The end is on its way once the timeline has it, and there a moment later.
    for (const end = Date.now() + 60_000; turn.timeline().totalMs === null; ) assert.ok(Date.now() < end, 'it was not stopped');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    let event = (await next).value;
    let isLater = false;
    setImmediate(() => (isLater = true));
    for (; event.type === 'content'; event = (await events.next()).value) text += event.content;
    assert.deepEqual([event, isLater, await stopped, await events.next()], [{ type: 'done', stopped: true }, false, true, { value: undefined, done: true }]);
    assert.deepEqual(await turns.flush(), { delivered: 2, pending: 0, dead: 0 });
    assert.deepEqual((await store.stored()).messages.map(({ message }) => message.msgContent), ['m', text]);
  } finally {
    store.close();
  }
});

test('a user stops no turn of another', async () => {
  const turns = await endlessTurns();
  const turn = turns.start({ message: 'm', userId: 'u' });
  let last;
  for await (const event of turn) {
    if (!last) {
      assert.equal(await turns.stop(turn.id, { userId: 'another' }), false);
      assert.ok(await turns.stop(turn.id, { userId: 'u' }));
    }
    last = event;
  }
  assert.deepEqual(last, { type: 'done', stopped: true });
});
