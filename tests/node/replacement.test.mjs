/** In place of the `openai` package: what a client shows, takes and lacks, beside that package where it is the measure. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import vm from 'node:vm';
import { readFileSync } from 'node:fs';

import * as openai from 'openai';
import * as turnwire from 'turnwire';
import { APIError, AzureOpenAI, OpenAI, OpenAIError, toFile } from 'turnwire';

import { chat, cpuMs, endless, messages, startFake } from './fake.mjs';

const require = createRequire(import.meta.url);

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
});
after(() => fake.close());

/** Runs with these variables in the environment; `undefined` takes one away. */
async function withEnv(variables, run) {
  const kept = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  const set = (values) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  set(variables);
  try {
    return await run();
  } finally {
    set(kept);
  }
}

/** The requests that a service receives from both packages. */
async function sent(options, call = {}) {
  const requests = [];
  for (const library of [turnwire, openai]) {
    const model = await fake.script(chat('a'));
    const own = new library.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, ...options });
    await own.chat.completions.create({ model, messages }, call).catch(() => {});
    requests.push((await fake.requests(model))[0]);
  }
  return requests;
}

const header = (request, name) => new Headers(request.headers).get(name);

test('what require gives is the class, with and without new', () => {
  const required = require('turnwire');
  assert.equal(typeof required, 'function');
  for (const made of [new required({ apiKey: 'k' }), required({ apiKey: 'k' }), new required.OpenAI({ apiKey: 'k' }), new required.default({ apiKey: 'k' })]) {
    assert.ok(made instanceof required && made instanceof required.OpenAI && made instanceof OpenAI);
  }
  class Own extends required {}
  assert.ok(new Own({ apiKey: 'k' }) instanceof Own);
});

test('every class has its own name', () => {
  for (const [name, value] of Object.entries(turnwire)) {
    if (typeof value === 'function' && value.prototype && name !== 'default' && !['AzureOpenAI', 'BedrockOpenAI', 'toFile'].includes(name)) assert.equal(value.name, name);
  }
  assert.equal(turnwire.default, OpenAI);
});

test('a client shows its settings, and takes others', async () => {
  const own = new OpenAI({ apiKey: 'sk-secret-0123', baseURL: `${fake.baseURL}`, timeout: 5000, maxRetries: 1, organization: 'o', project: null });
  assert.deepEqual([own.apiKey, own.baseURL, own.timeout, own.maxRetries, own.organization, own.project], ['sk-secret-0123', fake.baseURL, 5000, 1, 'o', null]);
  const plain = new OpenAI({ apiKey: 'k' });
  const theirs = new openai.OpenAI({ apiKey: 'k' });
  for (const name of ['baseURL', 'timeout', 'maxRetries', 'organization', 'project', 'apiKey']) assert.equal(plain[name], theirs[name], name);
  for (const shown of [inspect(own, { depth: 9, showHidden: true }), JSON.stringify(own), Object.keys(own).join()]) assert.doesNotMatch(shown, /secret/);
  own.apiKey = 'another';
  own.organization = null;
  const model = await fake.script(chat('a'));
  for await (const _ of await own.chat.completions.create({ model, messages, stream: true }));
  const [request] = await fake.requests(model);
  assert.deepEqual([header(request, 'authorization'), header(request, 'openai-organization')], ['Bearer another', null]);
  assert.throws(() => (own.baseURL = 'no url'), OpenAIError);
  assert.equal(own.baseURL, fake.baseURL);
});

test('withOptions keeps the class and what came from the environment', async () => {
  class Own extends OpenAI {}
  const own = await withEnv({ OPENAI_API_KEY: 'from-env', OPENAI_ORG_ID: 'o' }, () => new Own({ baseURL: fake.baseURL }));
  const other = own.withOptions({ timeout: 1 });
  assert.deepEqual([other.constructor, other.apiKey, other.organization, other.timeout], [Own, 'from-env', 'o', 1]);
});

test('an empty or blank variable is not set', async () => {
  for (const blank of ['', ' ', '\t\n']) {
    const names = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID', 'OPENAI_LOG', 'OPENAI_CUSTOM_HEADERS'];
    await withEnv(Object.fromEntries(names.map((name) => [name, blank])), () => {
      const own = new OpenAI({ apiKey: 'k' });
      assert.deepEqual([own.baseURL, own.organization, own.project], ['https://api.openai.com/v1', null, null]);
      assert.throws(() => new OpenAI(), { errorCode: 'config' });
    });
  }
});

test('null takes what the environment has set', async () => {
  await withEnv({ OPENAI_ORG_ID: 'o', OPENAI_PROJECT_ID: 'p' }, async () => {
    for (const request of await sent({ organization: null, project: null })) {
      assert.deepEqual([header(request, 'openai-organization'), header(request, 'openai-project')], [null, null]);
    }
  });
});

test('headers of the environment are sent, under those of the client', async () => {
  await withEnv({ OPENAI_CUSTOM_HEADERS: 'x-a: 1\nx-b:2:3 \nno header\n' }, async () => {
    for (const request of await sent({ defaultHeaders: { 'X-A': 'own' } })) {
      assert.deepEqual([header(request, 'x-a'), header(request, 'x-b')], ['own', '2:3']);
    }
  });
});

test('headers are taken in every form that the openai package takes', async () => {
  for (const headers of [{ 'x-a': ['1', 2] }, { 'x-a': 3, 'x-b': true }, [['x-a', 'p'], ['X-A', 'q']], new Headers({ 'x-a': 'h' }), { 'x-a': [], 'x-b': undefined }]) {
    const [ours, theirs] = await sent({ defaultHeaders: { 'x-a': 'd', 'x-b': 'd' } }, { headers });
    assert.deepEqual([header(ours, 'x-a'), header(ours, 'x-b')], [header(theirs, 'x-a'), header(theirs, 'x-b')], inspect(headers));
  }
});

test('a query is written as the openai package writes it', async () => {
  const query = { date: new Date(0), none: undefined, nil: null, list: [1, [2], { a: new Date(1) }], deep: { a: { b: true } }, empty: {}, text: '안 녕&=' };
  const parameters = (request) => [...new URLSearchParams(request.query)];
  for (const defaultQuery of [undefined, { none: 'kept?', text: 'd', other: '1' }]) {
    const [ours, theirs] = await sent({ defaultQuery }, { query });
    assert.deepEqual(parameters(ours), parameters(theirs));
  }
  const self = {};
  self.self = self;
  for (const wrong of [{ d: new Date(NaN) }, self]) await assert.rejects(async () => client.models.list({ query: wrong }), OpenAIError);
});

test('settings that cannot be are refused in words, without their values', async () => {
  const secret = 'sk-secret-0123';
  const wrong = [
    { apiKey: [secret] }, { apiKey: { secret } }, { apiKey: 1 }, { baseURL: [secret] }, { organization: [secret] },
    { defaultHeaders: { authorization: { secret } } }, { defaultHeaders: { authorization: [[secret]] } }, { defaultHeaders: { authorization: Symbol('s') } },
    { defaultHeaders: [[secret]], apiKey: [] }, { defaultHeaders: { 'x-a': `${secret}\n` } }, { apiKey: `${secret}\u0100` }, { defaultHeaders: secret },
    { timeout: NaN }, { timeout: -1 }, { timeout: '5' }, { maxRetries: -1 }, { maxRetries: NaN }, { limits: { event: 0 } }, { limits: { reply: NaN } }, { limits: { events: 1 } },
    { dangerouslyAllowBrowser: true }, { fetch: () => {} }, { adminAPIKey: secret },
  ];
  for (const options of wrong) {
    assert.throws(() => new OpenAI({ apiKey: 'k', ...options }), (error) => error instanceof OpenAIError && error.message.length > 20 && !inspect(error).includes('sk-secret'), inspect(options));
  }
  for (const options of [{ headers: { authorization: { secret } } }, { idempotencyKey: [secret] }, { timeout: NaN }, { fetchOptions: {} }]) {
    await assert.rejects(async () => client.models.list(options), (error) => error instanceof OpenAIError && !inspect(error).includes('sk-secret'), inspect(options));
  }
  assert.doesNotThrow(() => new OpenAI({ apiKey: 'k', dangerouslyAllowBrowser: false, timeout: Infinity, maxRetries: 2 ** 32 - 1, limits: { event: Infinity } }));
});

test('the missing key is told by the names of this language', async () => {
  await withEnv({ OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined }, () => assert.throws(() => new OpenAI(), { message: /\bapiKey\b.*\bbaseURL\b/ }));
});

test('what is not here says so when it is used, and is no trouble before', async () => {
  for (const use of [
    () => client.images.generate({}), () => client.audio.transcriptions.create({}), () => client.responses.create({}), () => client.embeddings.create({}), () => client.beta.threads.runs.create(),
    () => client.files.list(), () => client.post('/x'), () => client.chat.completions.runTools({}), () => client.models.retrieve('m'), () => new AzureOpenAI({}), () => toFile(''),
  ]) {
    assert.throws(use, (error) => error instanceof OpenAIError && /is not a part of turnwire: ./.test(error.message), String(use));
  }
  assert.match(inspect(client), /^OpenAI/);
  assert.deepEqual([typeof client, typeof client.images, await client, 'images' in client, client.then], ['object', 'function', client, true, undefined]);
  assert.equal(await client.images, client.images);
  assert.match(JSON.stringify({ client }), /^{"client":/);
  assert.doesNotMatch(Object.keys(client).join(), /images/);
  client.images = 'a double';
  assert.equal(client.images, 'a double');
});

test('a response tells its status and address, and its body as it came', async () => {
  const json = '{ "id" : "c",\n "created": 1.0, "choices":[{"index":0,"message":{"role":"assistant","content":"\\uc548"},"finish_reason":"stop"}] }';
  const script = { status: 201, framing: 'length', headers: [['content-type', 'application/json'], ['x-odd', 'é']], steps: [{ send: json }] };
  for (const library of [turnwire, openai]) {
    const model = await fake.script(script);
    const own = new library.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, defaultQuery: { v: '1' } });
    const response = await own.chat.completions.create({ model, messages }).asResponse();
    const { data, response: again } = await own.chat.completions.create({ model, messages }).withResponse();
    assert.deepEqual([response.status, response.url, await response.text(), response.headers.get('x-odd')], [201, `${fake.baseURL}/chat/completions?v=1`, json, 'Ã©']);
    assert.deepEqual([again.status, data.choices[0].message.content], [201, '안']);
  }
});

test('the body of a streamed response can be read as it comes', async () => {
  const bodies = [];
  for (const library of [turnwire, openai]) {
    const model = await fake.script({ ...chat('안', '녕'), split: 3 }, 'the-model');
    const own = new library.OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
    const response = await own.chat.completions.create({ model, messages, stream: true }).asResponse();
    bodies.push([response.status, response.headers.get('content-type'), (await response.text()).replace(/"(id|created)":[^,]*/g, '')]);
  }
  assert.deepEqual(bodies[0], bodies[1]);
  assert.match(bodies[0][2], /^data: .*\n\ndata: \[DONE\]\n\n$/s);
});

test('a streamed body that is left closes the connection, and one that is not read can still be had as chunks', async () => {
  const model = await fake.script(endless());
  const response = await client.chat.completions.create({ model, messages, stream: true }).asResponse();
  const reader = response.body.getReader();
  await reader.read();
  await reader.cancel();
  await fake.until(model, (request) => request.outcome === 'client_closed');
  const call = client.chat.completions.create({ model: await fake.script(chat('a')), messages, stream: true });
  assert.equal((await call.asResponse()).status, 200);
  let text = '';
  for await (const chunk of await call) text += chunk.choices[0]?.delta.content ?? '';
  assert.equal(text, 'a');
});

test('a key function is asked again for each attempt, under one idempotency key', async () => {
  const busy = { status: 503, headers: [['retry-after-ms', '1']], steps: [{ json: {} }] };
  const model = await fake.script([busy, busy, chat('a')]);
  let asked = 0;
  const own = new OpenAI({ apiKey: async () => `key-${(asked += 1)}`, baseURL: fake.baseURL });
  for await (const _ of await own.chat.completions.create({ model, messages, stream: true }));
  const requests = await fake.requests(model);
  assert.deepEqual(requests.map((request) => header(request, 'authorization')), ['Bearer key-1', 'Bearer key-2', 'Bearer key-3']);
  assert.equal(new Set(requests.map((request) => header(request, 'idempotency-key'))).size, 1);
  const failing = await fake.script([busy, busy]);
  await assert.rejects(own.chat.completions.create({ model: failing, messages }, { maxRetries: 1 }), { status: 503, attempts: 2 });
  const aborter = new AbortController();
  const slow = await fake.script([{ ...busy, headers: [['retry-after', '60']] }]);
  setTimeout(() => aborter.abort(), 100);
  await assert.rejects(own.chat.completions.create({ model: slow, messages }, { signal: aborter.signal }), turnwire.APIUserAbortError);
});

test('an attempt that the caller’s own limit ended is tried again', async () => {
  const stuck = { ...chat('a'), wait_ms_before_headers: 60_000 };
  const whole = { framing: 'length', steps: [{ json: { choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }] } }] };
  for (const [stream, good] of [[true, chat('a')], [false, whole]]) {
    const model = await fake.script([stuck, good]);
    const result = await client.chat.completions.create({ model, messages, stream }, { timeout: 300 });
    if (stream) for await (const _ of result);
    assert.equal((await fake.requests(model)).length, 2);
  }
});

test('no limit is none, and one of 0 has passed', async () => {
  const slow = await fake.script({ ...chat('a'), wait_ms_before_headers: 200 });
  for await (const _ of await client.chat.completions.create({ model: slow, messages, stream: true }, { timeout: Infinity }));
  await assert.rejects(client.chat.completions.create({ model: slow, messages }, { timeout: 0, maxRetries: 0 }), turnwire.APIConnectionTimeoutError);
});

test('what a service may send has limits, which can be set', async () => {
  const long = 'x'.repeat(5000);
  const own = (limits) => new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, limits });
  const read = async (limits, script) => {
    for await (const _ of await own(limits).chat.completions.create({ model: await fake.script(script), messages, stream: true }));
  };
  await assert.rejects(read({ event: 1000 }, chat(long)), { errorCode: 'too_large', message: /limit `event`.*`limits`/ });
  await assert.rejects(read({ reply: 1000 }, chat(...long.match(/.{100}/g))), { errorCode: 'too_large', message: /limit `reply`.*`limits`/ });
  await read({ event: 10_000, reply: 10_000 }, chat(long));
  await read({ event: Infinity, reply: Infinity }, chat(long));
});

test('the words of an error are told, whatever form a service has for them', async () => {
  const forms = [
    [{ object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 }, 'too long'],
    [{ detail: 'not here' }, 'not here'],
    [{ message: 'flat', request_id: 'r' }, 'flat'],
    [[{ error: { code: 400, message: 'from Google', status: 'INVALID_ARGUMENT' } }], 'from Google'],
    [{ error: { message: 'ours', code: 429 } }, 'ours'],
    [{ error: 'a text' }, 'a text'],
    [{ detail: [{ loc: ['body', 'model'], msg: 'field required' }] }, 'field required'],
  ];
  for (const [body, words] of forms) {
    for (const stream of [true, false]) {
      const model = await fake.script({ status: 400, framing: 'length', steps: [{ json: body }] });
      const error = await client.chat.completions.create({ model, messages, stream }).then(assert.fail, (error) => error);
      assert.ok(error instanceof turnwire.BadRequestError && error.message.startsWith('400 ') && error.message.includes(words), `${error.message} lacks ${words}`);
      assert.equal(error.operation, stream ? 'chat.stream' : 'chat');
    }
  }
});

test('APIError.generate gives what the openai package gives', () => {
  const shown = (error) => [error.constructor.name, error.status, error.message, error.code, error.error];
  const headers = new Headers({ 'x-request-id': 'r' });
  for (const status of [undefined, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503]) {
    for (const body of [{ error: { message: 'm', code: 'c' } }, {}, undefined]) {
      assert.deepEqual(shown(APIError.generate(status, body, 'text', headers)), shown(openai.APIError.generate(status, body, 'text', headers)));
    }
  }
});

test('parse takes custom tools beside strict ones', async () => {
  const reply = { id: 'c', object: 'chat.completion', choices: [{ index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'n', input: 'i' } }] } }] };
  const model = await fake.script({ framing: 'length', steps: [{ json: reply }] });
  const completion = await client.chat.completions.parse({ model, messages, tools: [{ type: 'custom', custom: { name: 'n' } }] });
  assert.deepEqual(completion.choices[0].message.tool_calls, reply.choices[0].message.tool_calls);
});

test('in another realm, as test runners make them, errors are of their classes', async () => {
  const file = require.resolve('turnwire');
  const realm = vm.createContext({ process, console, Headers, Response, ReadableStream, AbortController, AbortSignal, TextDecoder, TextEncoder, crypto, setTimeout });
  const module = { exports: {} };
  vm.runInContext(`(function (module, exports, require) {${readFileSync(file, 'utf8')}\n})`, realm)(module, module.exports, createRequire(file));
  const other = module.exports;
  await withEnv({ OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined }, () => {
    assert.throws(() => new other.OpenAI(), (error) => error instanceof other.OpenAIError && error instanceof OpenAIError && /apiKey/.test(error.message) && error.errorCode === 'config');
  });
  const own = new other.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, defaultHeaders: { 'x-a': ['1'] }, defaultQuery: { d: new Date(0) } });
  await assert.rejects(own.chat.completions.create({ messages }), (error) => error instanceof other.OpenAIError && error.errorCode === 'invalid_request');
  const model = await fake.script(chat('a'));
  assert.equal(await own.chat.completions.stream({ model, messages }).finalContent(), 'a');
  assert.equal((await fake.requests(model))[0].query, `d=${encodeURIComponent(new Date(0).toISOString())}`);
});

test('tee: both sides left close the connection, and one left does not', async () => {
  const model = await fake.script([endless(), endless()]);
  const open = () => client.chat.completions.create({ model, messages, stream: true });
  const [left, right] = (await open()).tee();
  for await (const _ of left) break;
  let more = 0;
  for await (const _ of right) if ((more += 1) === 5) break;
  await fake.until(model, (request) => request.outcome === 'client_closed');
  assert.equal(more, 5);
});

test('a side of a tee that lags, and an iterator begun late, cost as much as they read', async () => {
  const many = { coalesce: 65536, steps: [{ role: 'assistant' }, { repeat: { times: 100_000, steps: [{ text: 'a' }] } }, { finish: 'stop' }, { done: true }] };
  const count = async (stream) => {
    let chunks = 0;
    for await (const _ of stream) chunks += 1;
    return chunks;
  };
  const [left, right] = (await client.chat.completions.create({ model: await fake.script(many), messages, stream: true })).tee();
  const costs = [];
  for (const side of [left, right]) {
    const before = cpuMs();
    assert.equal(await count(side), 100_002);
    costs.push(cpuMs() - before);
  }
  // The side that lags finds its chunks made already.
  assert.ok(costs[1] < 2 * costs[0], `${costs} ms`);
});
