/** Replies that grow: core's vectors, its random streams, and words of a service that must reach nothing. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ChatCompletionStream, LengthFinishReasonError, OpenAI, OpenAIError, TruncatedStreamError } from 'turnwire';

import { cpuMs, messages, startFake } from './fake.mjs';

const folder = new URL('../vectors/progress/', import.meta.url);

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

/** A helper over chunks that came from elsewhere. */
function over(chunks) {
  const lines = chunks.map((chunk) => `${JSON.stringify(chunk)}\n`);
  const body = new ReadableStream({
    pull: (sink) => {
      const line = lines.shift();
      if (line === undefined) sink.close();
      else sink.enqueue(new TextEncoder().encode(line));
    },
  });
  return ChatCompletionStream.fromReadableStream(body);
}

const sse = (chunks) => ({ steps: [...chunks.map((chunk) => ({ sse: chunk })), { done: true }] });
const chunk = (delta, more) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null, ...more }] });
const end = chunk({}, { finish_reason: 'stop' });

/** The snapshot of the last chunk, without the fields that only the peer's shape has. */
async function grown(chunks) {
  let last;
  const runner = over(chunks).on('chunk', (_, snapshot) => (last = snapshot));
  await runner.done().catch((error) => {
    if (!(error instanceof TruncatedStreamError || /without a chunk/.test(error.message))) throw error;
  });
  return last;
}

/** A reply or a snapshot, in a form in which both are the same: without what is nothing. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== '');
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each)]));
}

const same = (snapshot, reply) => assert.deepEqual(plain({ ...snapshot, object: 'chat.completion' }), plain(reply));

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  for (const { name, chunks, reply } of JSON.parse(readFileSync(new URL(file, folder), 'utf8'))) {
    test(`${file}: ${name}`, async () => same(await grown(chunks), reply));
  }
}

const streams = process.env.TURNWIRE_CHAT_STREAMS ?? fileURLToPath(new URL('../../target/debug/chat-streams', import.meta.url));
test('random streams come to what core makes of them', async () => {
  assert.ok(existsSync(streams), 'cargo build -p turnwire-suite --bin chat-streams');
  const lines = execFileSync(streams, ['7', '3000'], { encoding: 'utf8', maxBuffer: 2 ** 30 }).trim().split('\n');
  for (const line of lines) {
    const { chunks, reply } = JSON.parse(line);
    same((await grown(chunks)) ?? { choices: [] }, reply);
  }
});

const SNEAKY = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'];
for (const index of [...SNEAKY, 1e8, -1, 0.5, '0', [0], {}, true, 2 ** 40]) {
  test(`the index ${JSON.stringify(index)} reaches nothing but its own call`, async () => {
    const before = [Object.getOwnPropertyNames(Array.prototype), Object.getOwnPropertyNames(Object.prototype), Array.isArray];
    const called = { index, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' }, polluted: 'yes' };
    const spent = cpuMs();
    for (const chunks of [[chunk({ tool_calls: [called] }), end], [chunk({ content: 'a' }, { index }), end]]) {
      await client.chat.completions.stream({ model: await fake.script(sse(chunks)), messages }).done().catch((error) => assert.ok(error instanceof OpenAIError, error.stack));
      await over(chunks).done().catch((error) => assert.ok(error instanceof OpenAIError, error.stack));
    }
    assert.ok(cpuMs() - spent < 2000);
    assert.deepEqual([Object.getOwnPropertyNames(Array.prototype), Object.getOwnPropertyNames(Object.prototype), Array.isArray], before);
    assert.equal([].polluted ?? {}.polluted, undefined);
  });
}

test('fields of any name are the own ones of what they are in', async () => {
  const odd = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": "c", "toString": "t", "hasOwnProperty": "h"}');
  const chunks = [{ ...chunk({ role: 'assistant', content: 'a', ...odd }), ...odd }, chunk({ content: 'b', constructor: 'd', tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}', toString: 't' }, constructor: 'x' }] }), end];
  const completion = await client.chat.completions.stream({ model: await fake.script(sse(chunks)), messages }).finalChatCompletion();
  const { message } = completion.choices[0];
  assert.deepEqual([message.content, Object.getPrototypeOf(message), {}.polluted, message.polluted], ['ab', Object.prototype, undefined, undefined]);
  assert.ok(Object.hasOwn(message, 'toString') && message.tool_calls[0].function.arguments === '{}');
  for await (const each of await client.chat.completions.create({ model: await fake.script(sse(chunks)), messages, stream: true })) {
    assert.equal(Object.getPrototypeOf(each), Object.prototype);
  }
});

test('a reply without a finish reason is an error, with the text so far', async () => {
  const runner = client.chat.completions.stream({ model: await fake.script(sse([chunk({ content: 'he' })])), messages });
  await assert.rejects(runner.finalChatCompletion(), (error) => error instanceof TruncatedStreamError && error.partial === 'he' && error.errorCode === 'truncated');
  await assert.rejects(over([chunk({ content: 'he' })]).finalChatCompletion(), TruncatedStreamError);
});

test('calls are told apart as they were meant', async () => {
  const call = (index, id, name, given) => ({ index, id, type: 'function', function: { name, arguments: given } });
  const calls = async (...deltas) => {
    const script = sse([...deltas.map((tool_calls) => chunk({ tool_calls })), chunk({}, { finish_reason: 'tool_calls' })]);
    const { choices } = await client.chat.completions.stream({ model: await fake.script(script), messages }).finalChatCompletion();
    return choices[0].message.tool_calls.map(({ id, function: f, custom }) => [id, f?.name ?? custom.name, f?.arguments ?? custom.input]);
  };
  assert.deepEqual(await calls([call(1, 'a', 'f', '1')], [call(2, 'b', 'g', '2')]), [['a', 'f', '1'], ['b', 'g', '2']]);
  assert.deepEqual(await calls([call(undefined, 'a', 'f', '{}')], [call(null, 'b', 'f', '{}')]), [['a', 'f', '{}'], ['b', 'f', '{}']]);
  assert.deepEqual(await calls([call(0, 'a', 'f', '{}')], [call(0, 'b', 'f', '{}')]), [['a', 'f', '{}'], ['b', 'f', '{}']]);
  const custom = (custom) => ({ index: 0, custom });
  assert.deepEqual(await calls([{ ...custom({ name: 'n', input: 'a' }), id: 'c', type: 'custom' }], [custom({ input: 'b' })]), [['c', 'n', 'ab']]);
});

test('usage and padding come as the service tells them', async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: 0.5, prompt_tokens_details: { cached_tokens: 1 } };
  const script = sse([{ ...chunk({ role: 'assistant', content: 'a', reasoning: 'r' }), obfuscation: 'xx' }, end, { ...end, choices: [], usage }]);
  const runner = client.chat.completions.stream({ model: await fake.script(script), messages });
  const completion = await runner.finalChatCompletion();
  assert.deepEqual([completion.usage, 'obfuscation' in completion], [usage, false]);
  assert.deepEqual([completion.choices[0].message.reasoning, completion.choices[0].message.reasoning_content], ['r', undefined]);
  const total = await runner.totalUsage();
  assert.deepEqual(total.prompt_tokens_details, { cached_tokens: 1 });
});

test('a schema is read without a helper, and a text that was cut is told', async () => {
  const response_format = { type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } };
  const stream = async (...chunks) => client.chat.completions.stream({ model: await fake.script(sse(chunks)), messages, response_format });
  const read = await stream(chunk({ content: '{"a":' }), chunk({ content: '1}' }), end);
  assert.deepEqual((await read.finalMessage()).parsed, { a: 1 });
  await assert.rejects((await stream(chunk({ content: '{"a' }), chunk({}, { finish_reason: 'length' }))).done(), LengthFinishReasonError);
});

test('JSON that grows for long costs as much as its length', async () => {
  const response_format = { type: 'json_schema', json_schema: { name: 'long', schema: { type: 'object' } } };
  const cost = async (length) => {
    const words = Array.from({ length }, () => chunk({ content: 'a word ' }));
    const script = { ...sse([chunk({ content: '{"a":"' }), ...words, chunk({ content: '"}' }), end]), coalesce: 65536 };
    const model = await fake.script(script);
    const spent = cpuMs();
    const message = await client.chat.completions.stream({ model, messages, response_format }).finalMessage();
    assert.equal(message.parsed.a.length, 7 * length);
    return cpuMs() - spent;
  };
  const [short, long] = [await cost(4000), await cost(32_000)];
  // In linear time 8 times as much, in quadratic time 64 times.
  assert.ok(long < 24 * short, `${short} and ${long} ms`);
});
