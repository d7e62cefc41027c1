/** The client of a chat service: streams, whole replies, speech. */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { APIConnectionTimeoutError, APIError, APIUserAbortError, AuthenticationError, ChatService, ConfigError, InvalidRequestError, NotFoundError, TruncatedStreamError } from 'turnwire';

import { startChat } from './fake.mjs';

const TOKENS = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' };
const EVENTS = [{ type: 'workspace', workspaceId: 'ws-1' }, ...['안녕', '하세', '요'].map((content) => ({ type: 'content', content })), { type: 'done' }];

let fake;
let service;
before(async () => {
  fake = await startChat();
});
beforeEach(async () => {
  await fake.workspace('ws-1');
  service = new ChatService({ baseURL: fake.url, ...TOKENS });
});
afterEach(() => fake.reset());
after(() => fake.close());

async function read(turn) {
  const events = [];
  for await (const event of turn) events.push(event);
  return events;
}

async function closed(message) {
  for (let tries = 500; tries > 0; tries -= 1) {
    const request = (await fake.requests()).findLast(({ body }) => body.includes(message));
    if (request?.outcome === 'client_closed') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the connection stays open');
}

test('a turn is read as events', async () => {
  assert.deepEqual(await read(await service.stream({ message: '안녕하세요', workspaceId: 'ws-1' })), EVENTS);
  const [workspace] = await read(await service.stream({ message: 'a', createWorkspace: true }));
  assert.equal(workspace.type, 'workspace');
  await fake.script({ headers: [['x-request-id', 'req-7']], steps: [{ sse: { type: 'done' } }] }, 'once');
  const turn = await service.stream({ message: 'once', workspaceId: 'ws-1' });
  assert.deepEqual([turn.requestId, await read(turn), await read(turn)], ['req-7', [{ type: 'done' }], []]);
});

test('a turn is asked for whole, and spoken', async () => {
  const request = { message: '안녕하세요', workspaceId: 'ws-1' };
  assert.deepEqual(await service.send(request), { reply: '안녕하세요', workspaceId: 'ws-1', stopped: false, usage: null, audio: null });
  const { audio } = await service.send({ ...request, speech: true });
  const spoken = await service.speak('안녕하세요');
  assert.ok(audio instanceof Uint8Array && spoken instanceof Uint8Array && spoken.length > 100);
  assert.ok(Buffer.from(audio).equals(spoken));
});

test('half a surrogate pair in an argument becomes a replacement character', async () => {
  await read(await service.stream({ message: 'a\ud83d \ud83d\ude00', workspaceId: 'ws-1' }));
  await service.send({ message: 'b\udc00', workspaceId: 'ws-1' });
  assert.deepEqual(await service.speak('말\ud83d 하나.'), await service.speak('말\ufffd 하나.'));
  const bodies = (await fake.requests()).map(({ body }) => body);
  assert.ok(bodies[0].includes('a\ufffd 😀') && bodies[1].includes('b\ufffd'), bodies.join('\n'));
  assert.ok(!bodies.some((body) => body.includes('\\ud8') || body.includes('\\udc')), bodies.join('\n'));
});

test('a value that JSON cannot hold is an invalid request', async () => {
  for (const call of ['stream', 'send']) {
    await assert.rejects(service[call]({ message: 'a', workspaceId: 2n ** 64n }), { code: 'invalid_request', operation: `service.${call}` });
  }
});

test('a turn that breaks throws with its text so far', async () => {
  const half = { sse: { type: 'content', content: 'half' } };
  for (const [message, end, kind] of [['cut', [], TruncatedStreamError], ['failed', [{ sse: { type: 'error', message: 'no model' } }], APIError]]) {
    await fake.script({ steps: [half, ...end] }, message);
    const events = [];
    await assert.rejects(async () => {
      for await (const event of await service.stream({ message, workspaceId: 'ws-1' })) events.push(event);
    }, (error) => error instanceof kind && error.partial === 'half' && error.operation === 'service.stream');
    assert.deepEqual(events, [half.sse]);
  }
});

test('leaving a turn closes its connection', async () => {
  const held = { steps: [{ sse: { type: 'content', content: 'a' } }, { stall: true }] };
  const ways = {
    break: async (turn) => {
      for await (const _ of turn) break;
    },
    cancel: async (turn) => turn.cancel(),
    signal: async (turn, aborter) => {
      aborter.abort();
      assert.deepEqual(await read(turn), []);
    },
  };
  for (const [way, leave] of Object.entries(ways)) {
    await fake.script(held, way);
    const aborter = new AbortController();
    const turn = await service.stream({ message: way, workspaceId: 'ws-1' }, { signal: aborter.signal });
    await leave(turn, aborter);
    await closed(way);
    assert.deepEqual(await read(turn), []);
  }
});

test('what a service refuses is told without the tokens', async () => {
  await fake.refuse(TOKENS.accessToken);
  const request = { message: 'a', workspaceId: 'ws-1' };
  const calls = { 'service.stream': () => service.stream(request), 'service.send': () => service.send(request), 'service.speak': () => service.speak('a') };
  for (const [operation, call] of Object.entries(calls)) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof AuthenticationError);
      assert.deepEqual([error.operation, error.status], [operation, 401]);
      const shown = [error, service].map((value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value)).join() + error.stack;
      return !Object.values(TOKENS).some((token) => shown.includes(token));
    });
  }
  const fresh = { accessToken: 'fresh', refreshToken: 'fresh' };
  assert.equal((await service.send({ ...request, ...fresh })).reply, 'a');
  await assert.rejects(service.send({ message: 'a', workspaceId: 'none', ...fresh }), NotFoundError);
});

test('a request is refused before it is sent', async () => {
  const sent = (await fake.requests()).length;
  const calls = [
    () => service.stream({ message: ' ' }),
    () => service.stream({ message: 'a', workspace_id: 'w' }),
    () => service.stream({ message: 'a', workspaceId: 'ws-1', speech: true }),
    () => service.send({ message: 'a', history: [{ role: 'user', content: 'b' }] }),
    () => service.send(),
    () => service.speak(' '),
  ];
  for (const call of calls) await assert.rejects(call(), (error) => error instanceof InvalidRequestError && error.operation.startsWith('service.'));
  assert.equal((await fake.requests()).length, sent);
  for (const settings of [undefined, {}, { baseURL: fake.url, wire: 'morse' }, { baseURL: fake.url, accessToken: 'a' }]) assert.throws(() => new ChatService(settings), ConfigError);
});

test('settings and options reach the service', async () => {
  const own = new ChatService({ baseURL: fake.url, ...TOKENS, paths: { stream: '/chat-stream', speech: '/tts' }, http: { headers: { 'x-team': 'red' } } });
  assert.deepEqual(await read(await own.stream({ message: '안녕하세요', workspaceId: 'ws-1' })), EVENTS);
  const team = async () => {
    const { path, headers } = (await fake.requests()).at(-1);
    return [path, headers.find(([name]) => name === 'x-team')[1]];
  };
  assert.deepEqual(await team(), ['/chat-stream', 'red']);
  await own.speak('a', { headers: { 'x-team': 'blue' } });
  assert.deepEqual(await team(), ['/tts', 'blue']);
  await fake.script({ wait_ms_before_headers: 60_000, steps: [] }, 'tts');
  await assert.rejects(own.speak('silence', { timeout: 100, maxRetries: 0 }), APIConnectionTimeoutError);
  await assert.rejects(own.speak('silence', { signal: AbortSignal.timeout(50) }), APIUserAbortError);
});

test('a token provider replaces refused tokens', async () => {
  await fake.refuse(TOKENS.accessToken);
  const asked = [];
  const tokenProvider = ({ userId, refused }) => {
    asked.push([userId, refused?.accessToken ?? null]);
    return { accessToken: 'fresh', refreshToken: 'fresh' };
  };
  const own = new ChatService({ baseURL: fake.url, ...TOKENS, tokenProvider });
  assert.equal((await own.send({ message: 'a', workspaceId: 'ws-1', userId: 'u-7' })).reply, 'a');
  assert.deepEqual(await read(await own.stream({ message: '안녕하세요', workspaceId: 'ws-1' })), EVENTS);
  assert.deepEqual(asked, [['u-7', TOKENS.accessToken]]);
});
