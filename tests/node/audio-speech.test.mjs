/** `client.audio.speech`, beside that of the `openai` package. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as openai from 'openai';
import * as turnwire from 'turnwire';
import { OpenAI } from 'turnwire';

import { startFake } from './fake.mjs';
import { list } from './voices.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

const pass = { act: 'pass' };
const audio = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 251));
const asked = (model, more) => ({ model, voice: 'alloy', input: '안녕하세요', ...more });

/** Makes a call with both packages, and gives what came of it, which is the same. */
async function same(scripts, call) {
  const results = [];
  for (const library of [turnwire, openai]) {
    const model = await fake.script(scripts);
    const client = new library.OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
    const result = await call(client, model, library);
    results.push(result);
  }
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

test('requests for speech are alike', async () => {
  const sent = await same(pass, async (client, model) => {
    await client.audio.speech.create(asked(model, { voice: { id: 'v' }, response_format: 'wav', speed: 1.25, instructions: '천천히', seed: 4 }), { headers: { 'x-a': '1' }, query: { q: 'a b' } });
    await client.audio.speech.create(asked(model), { headers: { Accept: 'audio/mpeg' } });
    return (await fake.requests(model)).map(({ path, query, body, headers }) => {
      const { accept, authorization, 'content-type': type, 'x-a': own } = Object.fromEntries(headers);
      return { path, query: query?.replace('+', '%20'), body: body.replace(model, 'm'), accept, authorization, type, own };
    });
  });
  assert.equal(sent[0].accept, 'application/octet-stream');
});

test('responses with speech are alike', async () => {
  const script = { headers: [['content-type', 'audio/x-own'], ['x-request-id', 'req_1']], steps: [{ send_hex: audio.toString('hex') }] };
  const seen = await same(script, async (client, model) => {
    const create = () => client.audio.speech.create(asked(model));
    const response = await create();
    const { data, response: same, request_id } = await create().withResponse();
    const raw = await create().asResponse();
    const streamed = await create();
    const pieces = await list(streamed.body);
    return {
      whole: Buffer.from(await response.arrayBuffer()),
      bodyUsed: response.bodyUsed,
      kind: [response.constructor.name, response.status, response.ok, response.url, response.headers.get('content-type')],
      blob: (await data.blob()).size,
      isSame: data === same,
      request_id,
      raw: Buffer.from(await raw.arrayBuffer()),
      pieces: Buffer.concat(pieces),
    };
  });
  assert.deepEqual(seen.whole, audio);
});

test('errors of speech are alike', async () => {
  const error = { message: 'no such voice', type: 't', code: 'c', param: 'voice' };
  for (const status of [400, 401, 404, 422, 429, 500]) {
    await same({ status, framing: 'length', steps: [{ json: { error } }] }, async (client, model, library) => {
      const thrown = await client.audio.speech.create(asked(model)).catch((error) => error);
      assert.ok(thrown instanceof library.APIError);
      return [thrown.constructor.name, thrown.message, thrown.status, thrown.code, thrown.param, thrown.error];
    });
  }
});

test('bytes are handed on as they arrive, and leaving closes the connection', async () => {
  const model = await fake.script({ steps: [{ send_hex: '010203' }, { stall: true }] });
  const response = await client.audio.speech.create(asked(model));
  for await (const piece of response.body) {
    assert.deepEqual([...piece], [1, 2, 3]);
    break;
  }
  await fake.until(model, ({ outcome }) => outcome === 'client_closed');
});

test('a signal ends the audio, and a silent service is an error', async () => {
  const silent = { steps: [{ send_hex: '010203' }, { stall: true }] };
  const aborter = new AbortController();
  const response = await client.audio.speech.create(asked(await fake.script(silent)), { signal: aborter.signal });
  setImmediate(() => aborter.abort());
  await assert.rejects(response.arrayBuffer());
  const slow = await client.audio.speech.create(asked(await fake.script(silent)), { timeout: 1000 });
  await assert.rejects(slow.arrayBuffer(), turnwire.APIConnectionTimeoutError);
  const broken = await client.audio.speech.create(asked(await fake.script({ steps: [{ send_hex: '010203' }, { truncate: true }] })));
  await assert.rejects(broken.arrayBuffer(), turnwire.APIConnectionError);
});

test('a key that a function returns is sent with speech', async () => {
  const model = await fake.script(pass);
  const asking = new OpenAI({ apiKey: async () => 'sk-asked', baseURL: fake.baseURL });
  await (await asking.audio.speech.create(asked(model))).arrayBuffer();
  assert.equal(Object.fromEntries((await fake.requests(model))[0].headers).authorization, 'Bearer sk-asked');
  assert.throws(() => client.audio.transcriptions.create({}), /client\.audio\.transcriptions/);
});
