/** The tokens of the client of a chat service for pages: asked for, handed on, refreshed, and never shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { ChatService, TurnwireError } from 'turnwire/browser';

import { answer, DONE, EVENTS, failure, json, read, serviceOf } from './served.mjs';

test('tokens and headers are asked for with each request, and a request may bring its own', async () => {
  let count = 0;
  const { service, requests } = serviceOf(() => answer(DONE), {
    accessToken: async () => `access-${(count += 1)}`,
    refreshToken: () => null,
    headers: async () => new Headers({ 'x-count': String(count) }),
  });
  await read(service.stream({ message: 'a' }));
  await read(service.stream({ message: 'a' }));
  await read(service.stream({ message: 'a', accessToken: 'own-access', refreshToken: 'own-refresh' }));
  assert.deepEqual(requests.map(({ headers }) => [headers.authorization, headers.refreshtoken]), [['Bearer access-1', undefined], ['Bearer access-2', undefined], ['Bearer own-access', 'Bearer own-refresh']]);
  assert.deepEqual(requests.map(({ body }) => body), [{ message: 'a' }, { message: 'a' }, { message: 'a' }]);
});

test('tokens that a reply brings are handed on', async () => {
  const brought = [];
  const { service } = serviceOf((path) => (path === '/chat' ? json({ reply: 'a' }) : answer(DONE, { headers: { Authorization: 'Bearer new', RefreshToken: 'Bearer newer' } })), { onTokens: (tokens) => brought.push(tokens) });
  await read(service.stream({ message: 'a' }));
  await service.send({ message: 'a' });
  assert.deepEqual(brought, [{ accessToken: 'new', refreshToken: 'newer' }]);
});

/** A service that accepts one token. */
function guarded(options) {
  const state = { valid: 'fresh', token: 'stale', refreshes: [] };
  const { service, requests } = serviceOf((path, { headers }) => (headers.authorization === `Bearer ${state.valid}` ? answer(DONE) : json({ message: 'The token has expired' }, 401, { 'Token-Expired': 'AccessToken' })), {
    accessToken: () => state.token,
    refresh: async (refused) => {
      state.refreshes.push(refused);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return options.refresh(state);
    },
  });
  return { service, requests, state };
}

test('one refresh serves ten calls that were refused at once, and calls that come meanwhile', async () => {
  const { service, requests, state } = guarded({
    refresh: (state) => {
      state.token = 'fresh';
    },
  });
  const early = Array.from({ length: 10 }, () => read(service.stream({ message: 'a' })));
  while (!state.refreshes.length) await new Promise((resolve) => setTimeout(resolve, 1));
  const late = Array.from({ length: 5 }, () => read(service.stream({ message: 'b' })));
  for (const events of await Promise.all([...early, ...late])) assert.deepEqual(events, EVENTS);
  assert.deepEqual(state.refreshes, [{ accessToken: 'stale', tokenExpired: 'AccessToken' }]);
  assert.equal(requests.length, 25, 'the late ones wait for the refresh');
  state.valid = 'fresher';
  state.token = 'stale again';
  assert.equal((await failure(service.stream({ message: 'c' }))).status, 401);
  assert.equal(state.refreshes.length, 2, 'a later refusal refreshes again, and a call is repeated once');
});

test('a refresh that fails leaves the refusal', async () => {
  for (const [refresh, cause] of [[() => false, undefined], [() => { throw new Error('no login'); }, 'no login']]) {
    const { service, requests, state } = guarded({ refresh });
    const errors = await Promise.all(Array.from({ length: 10 }, () => failure(service.stream({ message: 'a' }))));
    for (const error of errors) assert.deepEqual([error.code, error.status, error.cause?.cause?.message, error.retryable], ['authentication', 401, cause, false]);
    assert.deepEqual([state.refreshes.length, requests.length], [1, 10]);
  }
  const { service, state } = guarded({ refresh: () => {} });
  assert.equal((await failure(service.stream({ message: 'a', accessToken: 'own', refreshToken: 'own' }))).status, 401);
  assert.equal(state.refreshes.length, 0, 'the tokens of a request are its own');
});

test('a refresh that hangs ends with its time limit, and holds up no later call', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  let refreshes = 0;
  let token = 'stale';
  const { service, requests } = serviceOf((path, { headers }) => (headers.authorization === 'Bearer fresh' ? json({ reply: 'a' }) : json({}, 401)), {
    accessToken: () => token,
    timeouts: { headers: 1000 },
    refresh: () => {
      if ((refreshes += 1) === 1) return new Promise(() => {});
      token = 'fresh';
      return true;
    },
  });
  const first = failure(service.send({ message: 'a' }));
  await settled();
  t.mock.timers.tick(1);
  const second = service.send({ message: 'b' });
  await settled();
  assert.deepEqual([refreshes, requests.length], [1, 1]);
  t.mock.timers.tick(999);
  const error = await first;
  assert.deepEqual([error.code, error.status, error.cause.code, error.cause.operation], ['authentication', 401, 'headers_timeout', 'service.refresh'], inspect(error));
  assert.equal((await second).reply, 'a');
  assert.equal(refreshes, 2);

  const { service: other } = serviceOf(() => json({ reply: 'a' }), { accessToken: () => new Promise(() => {}), timeouts: { headers: 1000 } });
  const hung = failure(other.send({ message: 'a' }));
  await settled();
  t.mock.timers.tick(1000);
  assert.equal((await hung).code, 'headers_timeout');
});

test('a function that fails is an error before anything is sent', async () => {
  for (const options of [{ accessToken: () => Promise.reject(new Error('no storage')) }, { headers: () => { throw new Error('no storage'); } }, { accessToken: 'a\nb' }]) {
    const { service, requests } = serviceOf(() => answer(DONE), options);
    const error = await failure(service.send({ message: 'a' }));
    assert.deepEqual([error.code, error.operation, error.network, requests.length], ['callback', 'service.send', false, 0], error.message);
  }
});

test('an API key is refused', () => {
  for (const options of [{ apiKey: 'sk-1' }, { api_key: 'sk-1' }, { openaiApiKey: undefined }]) {
    assert.throws(() => new ChatService(options), (error) => error instanceof TurnwireError && error.code === 'config' && error.message === 'service.new: config: no API key in a page');
  }
});

test('no token shows on a client, a turn or an error', async () => {
  const secrets = ['the-access-token', 'the-refresh-token'];
  const { service } = serviceOf((path) => (path === '/chat' ? json({ error: `refused: ${secrets}` }, 400) : answer(DONE)), { accessToken: secrets[0], refreshToken: secrets[1] });
  const error = await failure(service.send({ message: 'a' }));
  const turn = await service.stream({ message: 'a' });
  for (const value of [service, turn, error]) {
    const shown = inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value) + String(value.stack);
    for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
  }
});

test('a token that no header can hold does not show in the error', async () => {
  for (const accessToken of ['SECRET\nx', 'SECRET-안녕']) {
    const { service, requests } = serviceOf(() => json({ reply: 'a' }), { accessToken });
    const error = await failure(service.send({ message: 'a' }));
    assert.deepEqual([error.code, requests.length, inspect(error).includes('SECRET')], ['callback', 0, false], inspect(error));
    assert.match(error.message, /accessToken has characters that no header can hold/);
  }
});

test('space around a token, such as a line end behind it, is no part of it', async () => {
  const { service, requests } = serviceOf(() => json({ reply: 'a' }), { accessToken: () => 'access\r\n', refreshToken: ' refresh\n' });
  await service.send({ message: 'a' });
  const [{ headers }] = requests;
  assert.deepEqual([headers.authorization, headers.refreshtoken], ['Bearer access', 'Bearer refresh']);
});
