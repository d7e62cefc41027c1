/** Readers of the routes who leave: their turns end. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { chatHandler, nodeHandler, OpenAI, Turns } from 'turnwire';

import { startFake } from './fake.mjs';
import { post, served, silent, user } from './routes.mjs';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

/** A handler of a model whose reply never ends. */
async function stalled() {
  const model = await fake.script(silent);
  return { model, handler: chatHandler(new Turns(client, { model }), { authenticate: user }) };
}

const closed = (model) => fake.until(model, (request) => request.outcome === 'client_closed');

/** Collects the objects that nobody holds, also those that a task of the event loop still held. */
async function collected() {
  for (let i = 0; i < 3; i += 1) {
    gc();
    await new Promise(setImmediate);
  }
}

test('a whole reply whose reader has left is left, too', async () => {
  const { model, handler } = await stalled();
  const aborter = new AbortController();
  const reply = handler(post('/chat', { message: 'm' }, { signal: aborter.signal }));
  await fake.until(model, ({ headers_sent_at_ms: sent }) => sent);
  aborter.abort();
  assert.equal((await reply).status, 499);
  await closed(model);
  assert.equal((await handler(post('/chat', { message: 'm' }, { signal: aborter.signal }))).status, 499);
});

test('the stream of a request that is aborted ends its turn, also after a collection of garbage', async () => {
  const { model, handler } = await stalled();
  const aborter = new AbortController();
  const { body } = await handler(post('/chat/stream', { message: 'm' }, { signal: aborter.signal }));
  const reader = body.getReader();
  await reader.read();
  await collected();
  aborter.abort();
  await closed(model);
  assert.ok((await reader.read()).done);
});

test('a function behind node:http that waits for its signal is told that the reader has left, whatever is collected meanwhile', async () => {
  const calls = new EventEmitter();
  const listener = nodeHandler(async ({ signal }) => {
    calls.emit('begun');
    await once(signal, 'abort');
    calls.emit('aborted');
    return new Response(null);
  });
  await served(listener, async (_, port) => {
    const limit = { signal: AbortSignal.timeout(60_000) };
    const [begun, aborted] = ['begun', 'aborted'].map((name) => once(calls, name, limit));
    const request = http.get({ port, host: '127.0.0.1', agent: false }).on('error', () => {});
    await begun;
    await collected();
    request.destroy();
    await aborted;
  });
});

for (const [path, read] of [['/chat', () => {}], ['/chat/stream', (response) => once(response, 'data')]]) {
  test(`a reader of ${path} behind node:http who leaves ends the turn at once`, async () => {
    const { model, handler } = await stalled();
    await served(nodeHandler(handler), async (_, port) => {
      const request = http.request({ port, host: '127.0.0.1', agent: false, method: 'POST', path, headers: { 'content-type': 'application/json' } });
      request.on('error', () => {}).end('{"message":"m"}');
      if (path !== '/chat') await read((await once(request, 'response'))[0]);
      await fake.until(model, ({ headers_sent_at_ms: sent }) => sent);
      request.destroy();
      await closed(model);
    });
  });
}
