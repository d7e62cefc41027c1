/** The cases that every language runs: `tests/vectors/chat`. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { OpenAI } from 'turnwire';

import { startFake } from './fake.mjs';

const folder = new URL('../vectors/chat/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

test('there are cases', { skip: !existsSync(folder) }, () => assert.ok(files.length > 0));

for (const file of files) {
  for (const one of JSON.parse(readFileSync(new URL(file, folder), 'utf8'))) {
    test(`${file}: ${one.name}`, () => run(one));
  }
}

async function run({ call, script, request, texts, reply, error, ...rest }) {
  assert.deepEqual(Object.keys(rest), ['name'], 'a field that this runner does not know');
  const fake = await startFake();
  try {
    await fake.script(script, 'm');
    const client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
    const { body } = call;
    const told = [];
    const ended = await outcome(() => (call.stream ? streamed(client, body, options(call), told) : client.chat.completions.create(body, options(call))));
    if (error) {
      assert.ok(ended.error, 'it ended well');
      const { errorCode, status, partial, retryable } = ended.error;
      assert.deepEqual([errorCode, partial], [error.code, error.partial], ended.error.stack);
      if (error.status !== undefined) assert.equal(status, error.status);
      if (error.retryable !== undefined) assert.equal(retryable, error.retryable);
      assert.ok(ended.error.message.includes(error.message ?? ''), ended.error.stack);
      if (error.api) {
        assert.ok(contains(ended.error.error, error.api), JSON.stringify(ended.error.error));
        assert.strictEqual(ended.error.code, error.api.code);
      }
    } else if (ended.error) {
      throw ended.error;
    } else if (reply) {
      assert.ok(contains(ended.result, reply), `${JSON.stringify(ended.result)} lacks a part of ${JSON.stringify(reply)}`);
    }
    if (texts) assert.deepEqual(told, texts);
    if (request) await check(request, fake);
  } finally {
    fake.close();
  }
}

function options({ options: { headers, query, max_retries, idle_timeout_ms, ...rest } = {} }) {
  assert.deepEqual(rest, {}, 'an option that this runner does not know');
  return { headers, query, maxRetries: max_retries, timeout: idle_timeout_ms };
}

async function streamed(client, body, options, told) {
  const stream = client.chat.completions.stream(body, options);
  try {
    for await (const chunk of stream) {
      const first = chunk.choices?.find((choice) => (choice.index ?? 0) === 0);
      if (first?.delta?.content) told.push(first.delta.content);
    }
    return await stream.finalChatCompletion();
  } catch (error) {
    // A stream that ends by its last word ends well; the helper wants a finish reason besides, as the openai package's does.
    if (!/missing finish_reason/.test(error.message)) throw error;
    return { choices: [{ message: { content: error.partial } }] };
  }
}

async function outcome(attempt) {
  try {
    return { result: await attempt() };
  } catch (error) {
    return { error };
  }
}

async function check({ path, query, headers = {}, body, ...rest }, fake) {
  assert.deepEqual(rest, {}, 'a field that this runner does not know');
  const [sent] = await fake.requests('m');
  assert.equal(sent.path, path);
  if (query !== undefined) assert.equal(sent.query, query);
  const found = new Headers(sent.headers);
  for (const [name, value] of Object.entries(headers)) assert.equal(found.get(name), value, name);
  const received = JSON.parse(sent.body);
  // JavaScript writes no -0.
  assert.deepEqual(received, JSON.parse(JSON.stringify(body)));
  // Objects are equal in any order; inside of a field the caller's order is the right one.
  for (const [name, value] of Object.entries(body)) assert.equal(JSON.stringify(received[name]), JSON.stringify(value));
}

/** True if everything expected is there; lists must be as long. */
function contains(found, expected) {
  if (Array.isArray(expected)) {
    return Array.isArray(found) && found.length === expected.length && expected.every((each, i) => contains(found[i], each));
  }
  if (typeof expected !== 'object' || expected === null) return found === expected;
  return typeof found === 'object' && found !== null && Object.entries(expected).every(([key, each]) => contains(found[key], each));
}
