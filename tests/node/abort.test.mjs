/** Aborts: before, during and after; the service sees them at once, and signals keep nothing. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, test } from 'node:test';

import { APIUserAbortError, OpenAI } from 'turnwire';

import { chat, endless, messages, startFake } from './fake.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
});
after(() => fake.close());

/** The connection is closed at once: within a few calls to the fake, which take as long as the machine lets them. */
async function closed(model) {
  let calls = 0;
  await fake.until(model, ({ outcome }) => (calls += 1) && outcome === 'client_closed');
  assert.ok(calls < 20, `it took ${calls} calls`);
}

test('a signal that was aborted already sends nothing', async () => {
  const model = await fake.script(chat('a'));
  for (const stream of [true, false]) {
    await assert.rejects(client.chat.completions.create({ model, messages, stream }, { signal: AbortSignal.abort() }), APIUserAbortError);
  }
  assert.deepEqual(await fake.requests(model), []);
});

test('an abort before the response ends the call', async () => {
  for (const stream of [true, false]) {
    const model = await fake.script({ ...chat('a'), wait_ms_before_headers: 60_000 });
    const aborter = new AbortController();
    const call = client.chat.completions.create({ model, messages, stream }, { signal: aborter.signal });
    call.catch(() => {});
    await fake.until(model, () => true);
    aborter.abort();
    await assert.rejects(call, (error) => error instanceof APIUserAbortError && error.message === 'Request was aborted.');
    await closed(model);
  }
});

for (const [how, abort] of [
  ['the signal', (stream, aborter) => aborter.abort()],
  ['the controller', (stream) => stream.controller.abort()],
  ['close()', (stream) => stream.close()],
]) {
  test(`an abort amid a stream by ${how} ends it quietly, and closes the connection`, async () => {
    const model = await fake.script(endless());
    const aborter = new AbortController();
    const stream = await client.chat.completions.create({ model, messages, stream: true }, { signal: aborter.signal });
    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      if (chunks === 3) {
        abort(stream, aborter);
        await closed(model);
      }
    }
    assert.equal(chunks, 3);
    assert.ok(stream.controller.signal.aborted);
  });
}

test('an abort ends a read that waits', async () => {
  const model = await fake.script({ steps: [{ role: 'assistant' }, { stall: true }] });
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  const chunks = stream[Symbol.asyncIterator]();
  assert.ok(!(await chunks.next()).done);
  setTimeout(() => stream.controller.abort(), 50);
  assert.ok((await chunks.next()).done);
  await closed(model);
});

test('an abort after the end changes nothing', async () => {
  const aborter = new AbortController();
  const stream = await client.chat.completions.create({ model: await fake.script(chat('a')), messages, stream: true }, { signal: aborter.signal });
  let chunks = 0;
  for await (const _ of stream) chunks += 1;
  aborter.abort();
  assert.equal(chunks, 3);
});

test('one signal for 1000 calls keeps no listeners', async () => {
  const { signal } = new AbortController();
  const listeners = () => getEventListeners(signal, 'abort').length;
  for (let i = 0; i < 1000; i += 1) {
    const call = client.chat.completions.create({ model: 'any', messages, stream: i % 3 !== 0 }, { signal });
    if (i % 3 === 0) await call;
    if (i % 3 === 1) for await (const _ of await call);
    if (i % 3 === 2) for await (const _ of await call) break;
    assert.equal(listeners(), 0);
  }
  const model = await fake.script({ status: 400, steps: [{ json: {} }] });
  await assert.rejects(client.chat.completions.create({ model, messages, stream: true }, { signal }));
  assert.equal(listeners(), 0);
});

test('a signal that fires by time ends a stream', async () => {
  const model = await fake.script(endless());
  for await (const _ of await client.chat.completions.create({ model, messages, stream: true }, { signal: AbortSignal.timeout(1000) }));
  await closed(model);
});
