/** `.stream()`: its events, its promises, and how it ends. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, test } from 'node:test';

import { APIUserAbortError, OpenAI, Stream, TruncatedStreamError } from 'turnwire';

import { chat, endless, messages, startFake } from './fake.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
});
after(() => fake.close());

const stream = async (script, options) => {
  const model = await fake.script(script);
  return client.chat.completions.stream({ model, messages }, options);
};

test('the final promises', async () => {
  const runner = await stream(chat('안', '녕'));
  assert.equal(await runner.finalContent(), '안녕');
  assert.equal((await runner.finalMessage()).role, 'assistant');
  assert.equal((await runner.finalChatCompletion()).choices[0].finish_reason, 'stop');
  assert.ok(runner.ended && !runner.errored && !runner.aborted);
});

test('it can be iterated over, and listened to meanwhile', async () => {
  const runner = await stream(chat('a', 'b'));
  let heard = '';
  runner.on('content', (delta) => (heard += delta));
  let read = '';
  for await (const chunk of runner) read += chunk.choices[0]?.delta?.content ?? '';
  assert.deepEqual([read, heard], ['ab', 'ab']);
});

test('leaving the loop aborts it', async () => {
  const model = await fake.script(endless());
  const runner = client.chat.completions.stream({ model, messages });
  for await (const _ of runner) break;
  await fake.until(model, (request) => request.outcome === 'client_closed');
  await assert.rejects(runner.finalChatCompletion(), APIUserAbortError);
});

for (const how of ['its own abort()', 'a signal']) {
  test(`an abort by ${how} is told, and closes the connection`, async () => {
    const model = await fake.script(endless());
    const aborter = new AbortController();
    const runner = client.chat.completions.stream({ model, messages }, { signal: aborter.signal });
    const events = [];
    runner.on('abort', (error) => events.push(error.constructor)).on('end', () => events.push('end')).on('error', assert.fail);
    await runner.emitted('chunk');
    if (how === 'a signal') aborter.abort();
    else runner.abort();
    await assert.rejects(runner.finalChatCompletion(), APIUserAbortError);
    assert.deepEqual(events, [APIUserAbortError, 'end']);
    assert.ok(runner.aborted);
    assert.equal(getEventListeners(aborter.signal, 'abort').length, 0);
    await fake.until(model, (request) => request.outcome === 'client_closed');
  });
}

test('a broken stream rejects what waits for it', async () => {
  const cut = { steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] };
  const runner = await stream(cut);
  let told;
  runner.on('error', (error) => (told = error));
  await assert.rejects(runner.finalChatCompletion(), (error) => error instanceof TruncatedStreamError && error.partial === 'half');
  assert.ok(told instanceof TruncatedStreamError && runner.errored);
  await assert.rejects(async () => {
    for await (const _ of await stream(cut));
  }, TruncatedStreamError);
});

test('a content format that brings a reader is read', async () => {
  const model = await fake.script(chat('{"label":', '"중립"}'));
  const response_format = { type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } };
  const own = Object.defineProperty({ ...response_format }, '$parseRaw', { value: JSON.parse });
  const runner = client.chat.completions.stream({ model, messages, response_format: own });
  assert.deepEqual((await runner.finalMessage()).parsed, { label: '중립' });
});

test('it becomes a readable stream', async () => {
  const readable = (await stream(chat('a', 'b'))).toReadableStream();
  let read = '';
  for await (const chunk of Stream.fromReadableStream(readable, new AbortController())) read += chunk.choices[0]?.delta?.content ?? '';
  assert.equal(read, 'ab');
});
