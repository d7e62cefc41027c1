/** The same calls with this package and with the `openai` package: the same chunks, replies and errors. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as openai from 'openai';
import * as turnwire from 'turnwire';

import { chat, messages, startFake } from './fake.mjs';

let fake;
before(async () => {
  fake = await startFake();
});
after(() => fake.close());

/** Makes a call with both packages, each with a script of its own, and gives what came of it. */
async function both(script, call) {
  const results = [];
  for (const library of [turnwire, openai]) {
    const model = await fake.script(script, 'the-model');
    const client = new library.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
    results.push(await call(client, model, library));
  }
  return results;
}

async function same(script, call) {
  const [ours, theirs] = await both(script, call);
  assert.deepEqual(ours, theirs);
  return ours;
}

const head = { id: 'c', object: 'chat.completion.chunk', created: 1764660000, model: 'gpt', system_fingerprint: 'fp' };
const sse = (choices, more) => ({ sse: { ...head, choices, ...more } });
const delta = (delta, more) => ({ index: 0, delta, finish_reason: null, ...more });
const call = (index, fields) => delta({ tool_calls: [{ index, ...fields }] });
const token = (text) => ({ token: text, logprob: -0.25, bytes: [104], top_logprobs: [] });
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1, audio_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 1, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 } };
const start = sse([delta({ role: 'assistant', content: '' })]);
const finish = (reason, more) => sse([{ index: 0, delta: {}, finish_reason: reason }], more);

const streams = {
  text: [start, sse([delta({ content: '안' })]), sse([delta({ content: '녕 👋' })]), finish('stop')],
  tools: [
    sse([delta({ role: 'assistant', content: null })]),
    sse([call(0, { id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } })]),
    sse([call(0, { function: { arguments: '{"a":' } })]),
    sse([call(0, { function: { arguments: '1}' } })]),
    sse([call(1, { id: 'call_2', type: 'function', function: { name: 'go', arguments: '{}' } })]),
    finish('tool_calls'),
  ],
  custom: [sse([delta({ role: 'assistant', content: 'a' }, { content_filter_results: { hate: 1 } })]), sse([delta({ function_call: { name: 'f', arguments: '{' } })]), sse([delta({ function_call: { arguments: '}' } })]), finish('function_call')],
  audio: [sse([delta({ role: 'assistant', audio: { id: 'a', data: 'QQ==', transcript: 'he' } })]), sse([delta({ audio: { data: 'Qg==', transcript: 'y' } })]), sse([delta({ audio: { expires_at: 9 } })]), finish('stop')],
  'text and then a tool': [start, sse([delta({ content: 'now ' })]), sse([call(0, { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' }, extra_content: { signature: 's' } })]), finish('tool_calls')],
  refusal: [sse([delta({ role: 'assistant', content: null, refusal: '' })]), sse([delta({ refusal: "I can't" })]), finish('stop')],
  logprobs: [
    sse([delta({ role: 'assistant', content: '' }, { logprobs: null })]),
    sse([delta({ content: 'h' }, { logprobs: { content: [token('h')], refusal: null } })]),
    sse([delta({ content: 'i' }, { logprobs: { content: [token('i')], refusal: null } })]),
    finish('stop'),
  ],
  'refusal logprobs': [
    // Theirs counts the logprobs of a first chunk twice.
    sse([delta({ role: 'assistant' }, { logprobs: null })]),
    sse([delta({ refusal: 'n' }, { logprobs: { content: null, refusal: [token('n')] } })]),
    sse([delta({ refusal: 'o' }, { logprobs: { content: null, refusal: [token('o')] } })]),
    finish('stop'),
  ],
  usage: [start, sse([delta({ content: 'a' })], { usage: null }), finish('stop', { usage: null }), sse([], { usage })],
  'unknown fields': [start, sse([delta({ content: 'a', thought: { deep: [1] } })], { obfuscation: 'xyz', later: 1 }), finish('stop')],
  'several choices': [
    sse([delta({ role: 'assistant', content: 'a' }), { index: 1, delta: { role: 'assistant', content: 'b' }, finish_reason: null }]),
    sse([delta({ content: 'A' }), { index: 1, delta: { content: 'B' }, finish_reason: null }]),
    sse([{ index: 0, delta: {}, finish_reason: 'stop' }, { index: 1, delta: {}, finish_reason: 'length' }]),
  ],
};

// Parsed while it streams: strict tools, and formats and tools with a parser, as those of schema libraries.
const strict = (name) => ({ type: 'function', function: { name, strict: true, parameters: { type: 'object' } } });
const made = (of, brand) => Object.defineProperties({ ...of }, { $brand: { value: brand }, $parseRaw: { value: (text) => ({ read: JSON.parse(text) }) } });
const format = made({ type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } }, 'auto-parseable-response-format');
const spelled = (text) => [...text].map((character) => sse([delta({ content: character })]));
const json = '{"label": "중\\n립\\u00e9", "score": -1.5e1, "parts": [1, {"a": true}, null, "x"], "": false}';
const reads = {
  'strict tools': { steps: streams.tools, asked: { tools: [strict('look')] } },
  'a tool with a reader': { steps: streams.tools, asked: { tools: [made(strict('go'), 'auto-parseable-tool'), strict('look')] } },
  'a format with a reader': { steps: [start, ...spelled(json), finish('stop')], asked: { response_format: format } },
  'a format with a reader, cut by the limit': { steps: [start, ...spelled('{"a"'), finish('length')], asked: { response_format: format } },
  'a format with a reader, and a filter': { steps: [start, finish('content_filter')], asked: { response_format: format } },
};
const cases = [...Object.entries(streams).map(([name, steps]) => ({ name, steps, asked: {} })), ...Object.entries(reads).map(([name, read]) => ({ name, ...read }))];

for (const { name, steps, asked } of cases) {
  const script = { steps: [...steps, { done: true }] };

  test(`a stream with ${name}: the same chunks`, async () => {
    const chunks = await same(script, async (client, model) => {
      const chunks = [];
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, n: 2 })) chunks.push(chunk);
      return chunks;
    });
    assert.equal(chunks.length, steps.length);
  });

  test(`a stream with ${name}: the same whole reply`, async () => {
    await same(script, (client, model) => client.chat.completions.stream({ model, messages, n: 2, ...asked }).finalChatCompletion().catch((error) => [error.constructor.name, error.message]));
  });

  test(`a stream with ${name}: the same events`, async () => {
    const events = await same(script, (client, model) => eventsOf(client.chat.completions.stream({ model, messages, n: 2, ...asked })));
    assert.ok(events.length > 3);
  });
}

/** Every event of a helper, with what it told when it came. */
async function eventsOf(runner) {
  const texts = ['content.delta', 'content.done', 'refusal.delta', 'refusal.done', 'logprobs.content.delta', 'logprobs.content.done', 'logprobs.refusal.delta', 'logprobs.refusal.done'];
  const calls = ['tool_calls.function.arguments.delta', 'tool_calls.function.arguments.done', 'functionToolCall', 'finalFunctionToolCall'];
  const ends = ['message', 'chatCompletion', 'finalChatCompletion', 'finalContent', 'finalMessage', 'totalUsage', 'error', 'abort', 'end'];
  const events = [];
  for (const name of ['connect', 'chunk', 'content', ...texts, ...calls, ...ends]) runner.on(name, (...args) => events.push([name, JSON.parse(JSON.stringify(args))]));
  await runner.done().catch(() => {});
  const [last] = runner.allChatCompletions();
  return [...events, [runner.messages.length, await runner.finalFunctionToolCall().catch((error) => error.constructor.name), last?.id]];
}

const message = { role: 'assistant', content: 'a', refusal: null, annotations: [] };
const whole = (choice, more) => ({ ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop', ...choice }], ...more });
const replies = {
  text: whole({}, { usage }),
  tools: whole({ message: { ...message, content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }, finish_reason: 'tool_calls' }),
  refusal: whole({ message: { ...message, content: null, refusal: 'no' } }),
  logprobs: whole({ logprobs: { content: [token('a')], refusal: null } }),
  'several choices': whole({}, { choices: [0, 1, 2].map((index) => ({ index, message, finish_reason: 'stop' })) }),
  'a custom tool': whole({ message: { ...message, tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'n', input: 'i' } }] } }),
  'citations and audio': whole({ message: { ...message, annotations: [{ type: 'url_citation', url_citation: { start_index: 0, end_index: 1, title: 't', url: 'u' } }], audio: { id: 'a', data: 'QQ==', expires_at: 1, transcript: 't' }, function_call: { name: 'f', arguments: '{}' } } }),
  little: { choices: [{ message: { content: 'a' } }] },
  'unknown fields': whole({ odd: [1] }, { later: { a: null } }),
};
for (const [name, body] of Object.entries(replies)) {
  test(`a whole reply with ${name}: the same`, async () => {
    const script = { framing: 'length', headers: [['x-request-id', 'r'], ['content-type', 'application/json']], steps: [{ json: body }] };
    await same(script, async (client, model) => {
      const reply = await client.chat.completions.create({ model, messages });
      return { reply, id: reply._request_id, keys: Object.keys(reply).sort() };
    });
  });
}

// A format that is read as JSON, strict tools, and what cannot be read.
const schema = { response_format: { type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } } };
const called = (name) => whole({ message: { ...message, content: null, tool_calls: [{ id: 'c', type: 'function', function: { name, arguments: '{"a":1}' } }] }, finish_reason: 'tool_calls' });
const parses = {
  'a schema': [whole({ message: { ...message, content: '{"label":"중립"}' } }), schema],
  'a schema, refused': [whole({ message: { ...message, content: null, refusal: 'no' } }), schema],
  'a schema, cut by the limit': [whole({ finish_reason: 'length' }), schema],
  'a schema, and a filter': [whole({ finish_reason: 'content_filter' }), schema],
  'a format with a reader': [whole({ message: { ...message, content: '[1]' } }), { response_format: format }],
  'a strict tool': [called('look'), { tools: [strict('look')] }],
  'a tool that was not given': [called('other'), { tools: [strict('look')] }],
  'a tool with a reader': [called('look'), { tools: [made(strict('look'), 'auto-parseable-tool')] }],
  nothing: [replies.text, {}],
};
for (const [name, [body, asked]] of Object.entries(parses)) {
  test(`parse with ${name}: the same`, async () => {
    await same({ framing: 'length', steps: [{ json: body }] }, (client, model) =>
      client.chat.completions.parse({ model, messages, ...asked }).catch((error) => [error.constructor.name, error.message]),
    );
  });
}

test('parse with a tool that is not strict: both refuse', async () => {
  await same({ framing: 'length', steps: [{ json: replies.text }] }, async (client, model, library) => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    await assert.rejects(async () => client.chat.completions.parse({ model, messages, tools }), library.OpenAIError);
  });
});

const fields = ['status', 'code', 'param', 'type', 'error', 'message', 'requestID', 'name'];
const shown = (error, library) => ({
  ...Object.fromEntries(fields.map((field) => [field, error[field]])),
  class: error.constructor.name,
  header: error.headers?.get('x-odd'),
  is: Object.keys(library).filter((name) => /Error$/.test(name) && name in turnwire && name in openai && error instanceof library[name]).sort(),
});

const said = { message: 'what went wrong', type: 'some_type', code: 'some_code', param: 'some_param' };
const bodies = {
  'an error object': { json: { error: said } },
  'an error without fields': { json: { error: {} } },
  'an error text': { json: { error: 'text' } },
  'a text': { send: 'Bad gateway' },
  nothing: { send: '' },
};
for (const status of [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503]) {
  for (const [name, step] of Object.entries(bodies)) {
    test(`status ${status} with ${name}: the same error`, async () => {
      const script = { status, framing: 'length', headers: [['x-odd', 'h'], ['x-request-id', 'r-9'], ['content-type', step.json ? 'application/json' : 'text/plain']], steps: [step] };
      for (const stream of [true, false]) {
        await same(script, (client, model, library) =>
          client.chat.completions.create({ model, messages, stream }).then(assert.fail, (error) => shown(error, library)),
        );
      }
    });
  }
}

test('an error amid a stream: the same error', async () => {
  await same({ headers: [['x-odd', 'h'], ['x-request-id', 'r-9']], steps: [{ role: 'assistant' }, { text: 'a' }, { sse: { error: said } }] }, async (client, model, library) => {
    const read = async () => {
      for await (const _ of await client.chat.completions.create({ model, messages, stream: true }));
    };
    return read().then(assert.fail, (error) => shown(error, library));
  });
});

test('no service, a timeout and an abort: the same errors', async () => {
  const attempt = (of) => (_client, model, library) => of(library, model).then(assert.fail, (error) => shown(error, library));
  const client = (library, more) => new library.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0, ...more });
  await same(chat('a'), attempt((library, model) => client(library, { baseURL: 'http://127.0.0.1:9' }).chat.completions.create({ model, messages })));
  await same({ ...chat('a'), wait_ms_before_headers: 60_000 }, attempt((library, model) => client(library, { timeout: 100 }).chat.completions.create({ model, messages })));
  await same(chat('a'), attempt((library, model) => client(library).chat.completions.create({ model, messages }, { signal: AbortSignal.abort() })));
});

test('models: the same list', async () => {
  await same(chat('a'), async (client) => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    return { models, data: (await client.models.list()).data };
  });
});

test('the body on the wire is the same', async () => {
  const body = { messages, stream: true, temperature: 0.1, seed: 7, stop: ['\n'], logit_bias: { 5: -1 }, stream_options: { include_usage: true }, extra_of_mine: { a: [null] } };
  const [ours, theirs] = await both(chat('a'), async (client, model) => {
    for await (const _ of await client.chat.completions.create({ model, ...body }));
    const request = (await fake.requests(model)).at(-1);
    return { body: JSON.parse(request.body), path: request.path, method: request.method };
  });
  assert.deepEqual(ours, theirs);
});
