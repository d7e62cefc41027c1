/** Streams and whole replies: what comes, in which order, and in which forms. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ConfigError, OpenAI, OpenAIError, Stream } from 'turnwire';

import { chat, endless, messages, startFake } from './fake.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL });
});
after(() => fake.close());

const text = (chunk) => chunk.choices[0]?.delta?.content ?? '';
const open = async (script, options) =>
  client.chat.completions.create({ model: await fake.script(script), messages, stream: true }, options);

async function texts(stream) {
  const found = [];
  for await (const chunk of stream) found.push(text(chunk));
  return found.filter(Boolean);
}

test('a stream gives its chunks in order', async () => {
  const words = Array.from({ length: 2000 }, (_, i) => `안녕 ${i} `);
  assert.deepEqual(await texts(await open({ ...chat(...words), coalesce: 65536 })), words);
});

test('chunks torn between bytes come whole', async () => {
  assert.deepEqual(await texts(await open({ ...chat('안녕', '하세요 👋'), split: 1 })), ['안녕', '하세요 👋']);
});

test('fields that nobody modelled are in the chunks', async () => {
  const odd = { id: 'x', choices: [{ index: 0, delta: { content: 'a', thoughts: [1, { b: null }] } }], extra: 1e21 };
  const stream = await open({ steps: [{ sse: odd }, { finish: 'stop' }, { done: true }] });
  const { value } = await stream[Symbol.asyncIterator]().next();
  assert.deepEqual(value, odd);
});

/** Chunks of many shapes, of which some differ in more than their text. */
const shapes = [
  (i) => ({ id: 'x', created: 1, choices: [{ index: 0, delta: { content: `안녕 ${i}` }, logprobs: null }], obfuscation: 'p'.repeat(i % 4) }),
  (i) => ({ id: 'x', choices: [{ index: 0, delta: { content: `${i}` }, odd: [{ a: 1 }] }], more: { list: [1, { b: null }] } }),
  (i) => ({ id: `x${i}`, created: i, choices: [{ index: 0, delta: { content: '"\n' } }], usage: { prompt_tokens: 1, completion_tokens: i, prompt_tokens_details: { cached_tokens: i } } }),
  (i) => ({ id: 'x', choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: `{\\"${i}` } }] } }] }),
  (i) => ({ id: 'x', choices: [{ index: 0, delta: { reasoning_content: `\\${i}` } }], timings: { rate: i / 4, list: [i] } }),
  () => ({ id: 'x', choices: [{ index: 0, delta: { content: '"' } }] }),
];

for (const [pace, length, script] of [
  ['in large pieces', 400, (steps) => ({ coalesce: 65536, steps })],
  ['one by one', 120, (steps) => ({ steps: steps.flatMap((step) => [step, { wait_ms: 1 }]) })],
]) {
  test(`chunks of one shape that come ${pace} are each as they came, and their reader's own`, async () => {
    const sent = Array.from({ length }, (_, i) => shapes[Math.floor(i / 11) % shapes.length](i));
    const stream = await open(script([...sent.map((sse) => ({ sse })), { finish: 'stop' }, { done: true }]));
    const came = [];
    for await (const chunk of stream) {
      came.push(JSON.stringify(chunk));
      // A reader's change to its chunk must not show in the next.
      change(chunk);
    }
    assert.deepEqual(came.slice(0, length), sent.map((chunk) => JSON.stringify(chunk)));
  });
}

/** Changes everything in a value. */
function change(value) {
  for (const key of Object.keys(value)) {
    if (typeof value[key] === 'object' && value[key] !== null) change(value[key]);
    else value[key] = 'changed';
  }
  value.added = 1;
}

test('a whole reply is what the service sent', async () => {
  const body = { id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: '네', odd: [1] }, finish_reason: 'stop' }], later: { a: 1 } };
  const model = await fake.script({ framing: 'length', headers: [['x-request-id', 'r-1']], steps: [{ json: body }] });
  const reply = await client.chat.completions.create({ model, messages, temperature: 0.5, top_k: 3 });
  assert.deepEqual({ ...reply }, body);
  assert.equal(reply._request_id, 'r-1');
  const [request] = await fake.requests(model);
  assert.deepEqual(JSON.parse(request.body), { model, messages, temperature: 0.5, top_k: 3 });
});

test('what a call asks for reaches the service', async () => {
  const model = await fake.script(chat('a'));
  const own = client.withOptions({ apiKey: 'k2', organization: 'org', project: 'proj', defaultHeaders: { 'x-a': '1', 'x-b': '1' }, defaultQuery: { v: '1', w: '1' } });
  await texts(await own.chat.completions.create({ model, messages, stream: true }, { headers: { 'X-B': '2', 'x-none': undefined }, query: { w: 2, deep: { c: true } }, idempotencyKey: 'once' }));
  const [request] = await fake.requests(model);
  const headers = new Headers(request.headers);
  assert.deepEqual(
    ['authorization', 'openai-organization', 'openai-project', 'x-a', 'x-b', 'x-none', 'idempotency-key'].map((name) => headers.get(name)),
    ['Bearer k2', 'org', 'proj', '1', '2', null, 'once'],
  );
  const query = new URLSearchParams(request.query);
  assert.deepEqual([query.get('v'), query.getAll('w'), query.get('deep[c]')], ['1', ['2'], 'true']);
});

test('settings come from the environment', async () => {
  Object.assign(process.env, { OPENAI_API_KEY: 'from-env', OPENAI_BASE_URL: fake.baseURL, OPENAI_ORG_ID: 'o', OPENAI_PROJECT_ID: '' });
  try {
    const model = await fake.script(chat('a'));
    await texts(await new OpenAI().chat.completions.create({ model, messages, stream: true }));
    const headers = new Headers((await fake.requests(model))[0].headers);
    assert.deepEqual(['authorization', 'openai-organization', 'openai-project'].map((name) => headers.get(name)), ['Bearer from-env', 'o', null]);
  } finally {
    for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID']) delete process.env[name];
  }
});

test('concurrent next() come in order', async () => {
  const words = Array.from({ length: 2000 }, (_, i) => `${i}`);
  const iterator = (await open(chat(...words)))[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 2010 }, () => iterator.next()));
  assert.deepEqual(results.filter((r) => !r.done).map((r) => text(r.value)).filter(Boolean), words);
  assert.ok(results.at(-1).done);
});

test('after return() comes the end, and the connection is closed', async () => {
  const model = await fake.script({ steps: [{ text: 'a' }, { wait_ms: 60_000 }] });
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const waiting = [iterator.next(), iterator.next(), iterator.next()];
  await iterator.return();
  const end = { value: undefined, done: true };
  assert.deepEqual(await iterator.next(), end);
  assert.deepEqual(await Promise.all(waiting), [end, end, end]);
  await fake.until(model, (request) => request.outcome === 'client_closed');
});

test('leaving a loop closes the connection', async () => {
  const model = await fake.script(endless());
  for await (const _ of await client.chat.completions.create({ model, messages, stream: true })) break;
  const { outcome } = await fake.until(model, (request) => request.outcome);
  assert.equal(outcome, 'client_closed');
});

test('a stream is read once', async () => {
  const stream = await open(chat('a'));
  await texts(stream);
  await assert.rejects(texts(stream), (error) => error instanceof OpenAIError && /tee/.test(error.message));
});

test('tee gives two streams of the same chunks', async () => {
  const [left, right] = (await open(chat('a', 'b', 'c'))).tee();
  assert.deepEqual(await texts(left), ['a', 'b', 'c']);
  assert.deepEqual(await texts(right), ['a', 'b', 'c']);
});

test('a readable stream carries the chunks to another stream', async () => {
  const readable = (await open(chat('안', '녕\n'))).toReadableStream();
  assert.deepEqual(await texts(Stream.fromReadableStream(readable, new AbortController())), ['안', '녕\n']);
});

test('cancelling a readable stream closes the connection', async () => {
  const model = await fake.script(endless());
  const reader = (await client.chat.completions.create({ model, messages, stream: true })).toReadableStream().getReader();
  await reader.read();
  await reader.cancel();
  await fake.until(model, (request) => request.outcome === 'client_closed');
});

test('withResponse tells the headers', async () => {
  const model = await fake.script({ ...chat('a'), headers: [['x-limit', '59'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']] });
  const { data, response, request_id } = await client.chat.completions.create({ model, messages, stream: true }).withResponse();
  assert.deepEqual([response.status, response.headers.get('x-limit'), response.headers.getSetCookie()], [200, '59', ['a=1', 'b=2']]);
  assert.match(request_id, /^req_/);
  assert.deepEqual(await texts(data), ['a']);
  const whole = await client.chat.completions.create({ model: 'unscripted', messages }).asResponse();
  assert.equal((await whole.json()).object, 'chat.completion');
});

test('null takes a header away, a list in a query is told item by item', async () => {
  const model = await fake.script([chat('a'), chat('a')]);
  const own = client.withOptions({ defaultHeaders: { 'User-Agent': null, 'x-a': '1' }, defaultQuery: { tag: ['a', 'b'], of: { ids: [1] } } });
  await texts(await own.chat.completions.create({ model, messages, stream: true }, { headers: { 'X-A': null, authorization: null } }));
  await texts(await own.chat.completions.create({ model, messages, stream: true }));
  const requests = await fake.requests(model);
  const sent = requests.map(({ headers }) => ['user-agent', 'x-a', 'authorization'].map((name) => new Headers(headers).get(name)));
  assert.deepEqual(sent, [[null, null, null], [null, '1', 'Bearer k']]);
  assert.equal(decodeURIComponent(requests[0].query), 'tag[]=a&tag[]=b&of[ids][]=1');
});

test('a key may be a function, which is asked for each call', async () => {
  const keys = ['one', 'two'];
  const own = client.withOptions({ apiKey: async () => keys.shift() });
  const model = await fake.script([chat('a'), chat('a')]);
  for (let i = 0; i < 2; i += 1) await own.chat.completions.create({ model, messages, stream: true }).then(texts);
  const sent = (await fake.requests(model)).map(({ headers }) => new Headers(headers).get('authorization'));
  assert.deepEqual(sent, ['Bearer one', 'Bearer two']);
  await assert.rejects(own.models.list(), { constructor: ConfigError, message: /must return a key, not undefined/ });
  const failing = client.withOptions({ apiKey: () => Promise.reject(new Error('locked')) });
  await assert.rejects(failing.models.list(), { constructor: ConfigError, message: /locked/ });
});

test('models are listed', async () => {
  const page = await client.models.list();
  const ids = page.data.map((model) => model.id);
  const iterated = [];
  for await (const model of client.models.list()) iterated.push(model.id);
  const { data, response, request_id } = await client.models.list().withResponse();
  assert.deepEqual([data, response.headers.get('content-type')], [page, 'application/json']);
  assert.match(request_id, /^req_/);
  assert.equal((await client.models.list().asResponse()).headers.get('x-request-id')?.slice(0, 4), 'req_');
  assert.ok(ids.length > 0);
  assert.deepEqual(iterated, ids);
});

test('ten streams, one after another, use one connection', async () => {
  const own = await startFake();
  const client = new OpenAI({ apiKey: 'k', baseURL: own.baseURL });
  for (let i = 0; i < 10; i += 1) {
    await texts(await client.chat.completions.create({ model: 'any', messages, stream: true }));
  }
  assert.equal((await own.state()).connections, 1);
  own.close();
});

test('parse reads the content as the JSON that was asked for', async () => {
  const completion = (finish_reason, message) => ({ framing: 'length', steps: [{ json: { id: 'x', object: 'chat.completion', choices: [{ index: 0, finish_reason, message: { role: 'assistant', ...message } }] } }] });
  const response_format = { type: 'json_schema', json_schema: { name: 'mood', schema: { type: 'object' } } };
  const parse = async (script) => client.chat.completions.parse({ model: await fake.script(script), messages, response_format });
  assert.deepEqual((await parse(completion('stop', { content: '{"label":"중립"}' }))).choices[0].message.parsed, { label: '중립' });
  assert.equal((await parse(completion('stop', { content: null, refusal: 'no' }))).choices[0].message.parsed, null);
  await assert.rejects(parse(completion('length', { content: '{"la' })), /length limit/);
});
