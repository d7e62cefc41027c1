/** The client of a chat service for pages: requests, errors, time limits and abort, over `fetch` functions of the tests. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { ChatService } from 'turnwire/browser';

import { answer, DONE, EVENTS, failure, json, read, serviceOf } from './served.mjs';

/** A body that sends these texts and then nothing more. */
function held(...texts) {
  let cancelled = false;
  const stream = new ReadableStream({
    start: (controller) => texts.forEach((text) => controller.enqueue(new TextEncoder().encode(text))),
    cancel: () => {
      cancelled = true;
    },
  });
  return { stream, isCancelled: () => cancelled };
}

test('the requests are the contract\'s', async () => {
  const { service, requests } = serviceOf(
    (path) => (path === '/chat/stream' ? answer(DONE, { headers: { 'x-request-id': 'r-1' } }) : path === '/chat/stop' ? answer(null, { status: 204 }) : json({ reply: '네', workspaceId: 7, audioBase64: 'SUQz' })),
    { accessToken: 'access', refreshToken: () => 'refresh', headers: { 'X-Team': 'red' } },
  );
  const messageId = '0b1e55ed-0000-4000-8000-000000000001';
  const turn = await service.stream({ message: '안\ud83d', workspaceId: 'w', messageId, replyId: null });
  assert.equal(turn.requestId, 'r-1');
  assert.deepEqual(await read(turn), EVENTS);
  assert.deepEqual(await read(turn), [], 'a turn is read once');
  assert.deepEqual(await service.send({ message: '안', createWorkspace: true, speech: true }), { reply: '네', workspaceId: '7', audio: new Uint8Array([73, 68, 51]), stopped: false, usage: null });
  assert.deepEqual(await service.speak('말'), new Uint8Array([73, 68, 51]));
  assert.equal(await service.stop('t-1'), undefined);
  assert.deepEqual(
    requests.map(({ path, body }) => [path, body]),
    [
      ['/chat/stream', { message: '안\ufffd', workspaceId: 'w', messageId, replyId: null }],
      ['/chat', { message: '안', createWorkspace: true, includeTts: true }],
      ['/chat/tts', { text: '말' }],
      ['/chat/stop', { turnId: 't-1' }],
    ],
  );
  for (const { method, credentials, headers } of requests) {
    assert.deepEqual([method, credentials], ['POST', 'include']);
    assert.deepEqual(headers, { 'content-type': 'application/json', authorization: 'Bearer access', refreshtoken: 'Bearer refresh', 'x-team': 'red' });
  }
});

test('paths, URL and credentials are settings; without a URL it is the page\'s own origin', async () => {
  const urls = [];
  const fetch = async (url, { credentials }) => {
    urls.push([url, credentials]);
    return answer(DONE);
  };
  for (const options of [{ fetch }, { fetch, baseURL: '', paths: { stream: '/chat-stream' } }, { fetch, baseURL: 'http://a/b//', credentials: 'omit' }]) await read(new ChatService(options).stream({ message: 'a' }));
  assert.deepEqual(urls, [['/chat/stream', 'include'], ['/chat-stream', 'include'], ['http://a/b/chat/stream', 'omit']]);
  const saved = globalThis.fetch;
  globalThis.fetch = fetch;
  await read(new ChatService('http://c').stream({ message: 'a' }));
  globalThis.fetch = saved;
  assert.deepEqual(urls.at(-1), ['http://c/chat/stream', 'include']);
});

test('a service without streams is asked for the whole reply, and no other failure is reason to send again', async () => {
  for (const status of [404, 405, 501]) {
    const { service, requests } = serviceOf((path) => (path === '/chat' ? json({ reply: '안녕', workspaceId: 'w', audioBase64: 'SUQz' }) : json({ error: 'no' }, status)));
    const events = [{ type: 'workspace', workspaceId: 'w' }, { type: 'content', content: '안녕' }, { type: 'audio', seq: 0, mime: 'audio/mpeg', audioBase64: 'SUQz', text: '안녕' }, { type: 'done' }];
    assert.deepEqual(await read(service.stream({ message: 'a', workspaceId: 'w' })), events);
    assert.deepEqual(requests.map(({ path, body }) => [path, body]), [['/chat/stream', { message: 'a', workspaceId: 'w' }], ['/chat', { message: 'a', workspaceId: 'w' }]]);
    const { service: text } = serviceOf((path) => (path === '/chat' ? json({ reply: '안녕' }) : json({}, status)), { wire: 'text' });
    assert.deepEqual(await read(text.stream({ message: 'a' })), EVENTS);
    const { service: none, requests: sent } = serviceOf(() => json({ error: 'no' }, status), { fallback: false });
    assert.equal((await failure(none.stream({ message: 'a' }))).status, status);
    assert.equal(sent.length, 1);
  }
  const others = [400, 401, 403, 408, 409, 422, 429, 500, 502, 503].map((status) => () => json({}, status));
  for (const reply of [...others, () => { throw new TypeError('Load failed'); }]) {
    const { service, requests } = serviceOf(reply);
    await failure(service.stream({ message: 'a' }));
    assert.equal(requests.length, 1);
  }
});

test('errors of the service have their code, status and words', async () => {
  const cases = [
    [400, { error: 'message is required' }, 'bad_request', false],
    [401, { message: 'The token has expired' }, 'authentication', false],
    [403, { detail: 'not yours' }, 'permission_denied', false],
    [404, { error: { message: 'no such workspace' } }, 'not_found', false],
    [408, {}, 'status', false],
    [409, {}, 'conflict', true],
    [418, {}, 'status', false],
    [422, { detail: 'too long' }, 'unprocessable', false],
    [429, { error: { code: 429, message: 'slow down' } }, 'rate_limited', true],
    [500, { error: 'broken' }, 'server', true],
    [503, '<html><title>503</title>Service  unavailable</html>', 'server', true],
  ];
  for (const [status, body, code, retryable] of cases) {
    const { service } = serviceOf(() => (typeof body === 'string' ? answer(body, { status }) : json(body, status, { 'x-request-id': 'r-9' })), { fallback: false });
    const error = await failure(service.stream({ message: 'a' }));
    assert.deepEqual([error.code, error.errorCode, error.status, error.retryable, error.operation, error.network], [code, code, status, retryable, 'service.stream', undefined], error.message);
    if (typeof body !== 'string') assert.equal(error.requestId, 'r-9');
    const said = typeof body === 'string' ? '503 Service unavailable' : (body.error?.message ?? body.error ?? body.message ?? body.detail ?? '');
    assert.ok(error.message.startsWith(`service.stream: ${code}: HTTP ${status}: ${said}`) && error.message.includes('(POST https://chat.example/chat/stream)'), error.message);
  }
});

test('an error whose body breaks off keeps its status, unless the call was aborted', async () => {
  const broken = () => answer(new ReadableStream({ pull: (controller) => controller.error(new TypeError('network error')) }), { status: 503 });
  const error = await failure(serviceOf(broken).service.send({ message: 'a' }));
  assert.deepEqual([error.code, error.status, error.retryable], ['server', 503, true], error.message);
  const controller = new AbortController();
  const stalled = () => answer(new ReadableStream({ pull: () => void setImmediate(() => controller.abort()) }), { status: 503 });
  assert.equal((await failure(serviceOf(stalled).service.send({ message: 'a' }, { signal: controller.signal }))).code, 'cancelled');
});

test('a network that fails is typed, with any browser\'s words', async () => {
  for (const words of ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed']) {
    const { service } = serviceOf(() => { throw new TypeError(words); });
    for (const call of [service.stream({ message: 'a' }), service.send({ message: 'a' }), service.speak('a'), service.stop('t')]) {
      const error = await failure(call);
      assert.deepEqual([error.code, error.network, error.retryable, error.partial], ['connection', true, true, undefined]);
      assert.ok(error.message.includes(words) && error.cause instanceof TypeError, error.message);
    }
    const { service: broken } = serviceOf(() => {
      let at = 0;
      return answer(new ReadableStream({ pull: (controller) => ((at += 1) === 1 ? controller.enqueue(new TextEncoder().encode(DONE.split('\n')[0] + '\n\n')) : controller.error(new TypeError(words))) }));
    });
    const error = await failure(read(broken.stream({ message: 'a' })));
    assert.deepEqual([error.code, error.network, error.retryable, error.partial], ['truncated', true, true, '안녕']);
    assert.deepEqual([(await failure(broken.send({ message: 'a' }))).code], ['truncated']);
    for (const wire of ['events', 'text']) {
      const { service: short } = serviceOf(() => answer(wire === 'text' ? '' : DONE.split('\n')[0] + '\n\n'), { wire });
      const { code, network } = await failure(read(short.stream({ message: 'a' })));
      assert.deepEqual([code, network], ['truncated', true], wire);
    }
  }
});

test('a redirect is not followed, as it would take the message and the refresh token along', async () => {
  // In a browser such a response is opaque, with status 0.
  for (const response of [answer(null, { status: 307, headers: { location: 'https://other.example/' } }), Response.error()]) {
    const { service, requests } = serviceOf(() => response.clone());
    const error = await failure(service.stream({ message: 'a' }));
    assert.deepEqual([error.code, error.retryable, error.network, requests.length, requests[0].redirect], ['redirect', false, undefined, 1, 'manual'], error.message);
  }
});

test('replies of another kind are told apart', async () => {
  const page = '<!doctype html><title>Login</title>';
  for (const [reply, call, code, words] of [
    [() => answer(page, { headers: { 'content-type': 'text/html' } }), (service) => read(service.stream({ message: 'a' })), 'unexpected_reply', 'expected an event stream, got an HTML page: Login'],
    [() => answer(page), (service) => service.send({ message: 'a' }), 'unexpected_reply', 'HTML page: Login'],
    [() => answer('no json'), (service) => service.send({ message: 'a' }), 'decode', 'expected an answer with reply, got no json'],
    [() => json({ reply: 7 }), (service) => service.send({ message: 'a' }), 'decode', 'with reply'],
    [() => json({ error: 'no model' }), (service) => service.send({ message: 'a' }), 'api', 'no model'],
    [() => json({ audio: '' }), (service) => service.speak('a'), 'decode', 'with audioBase64'],
    [() => json({ audioBase64: '?' }), (service) => service.speak('a'), 'decode', 'with audioBase64'],
    [() => answer(null, { status: 204 }), (service) => read(service.stream({ message: 'a' })), 'truncated', 'the reply broke off (POST'],
  ]) {
    const error = await failure(call(serviceOf(reply).service));
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(words), error.message);
  }
});

test('ids that are larger than numbers of JavaScript keep their digits', async () => {
  const { service } = serviceOf((path) => answer(path === '/chat' ? '{"reply": "a", "workspaceId": 12345678901234567890}' : 'data: {"type": "workspace", "workspaceId": 12345678901234567890}\n\ndata: {"type": "done"}\n\n'));
  assert.equal((await service.send({ message: 'a' })).workspaceId, '12345678901234567890');
  assert.deepEqual(await read(service.stream({ message: 'a' })), [{ type: 'workspace', workspaceId: '12345678901234567890' }, { type: 'done' }]);
});

test('an event or a reply has a limit', async () => {
  const encoder = new TextEncoder();
  for (const size of [1 << 16, 1 << 22, 1 << 24]) {
    const { service } = serviceOf(() => {
      let sent = 0;
      return answer(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(encoder.encode((sent ? '' : DONE.split('\n')[0] + '\n\ndata: {"type": "audio", "text": "') + 'a'.repeat(size)));
            if ((sent += size) > 10e6) controller.close();
          },
        }),
      );
    });
    const before = process.cpuUsage();
    const error = await failure(read(service.stream({ message: 'a' })));
    assert.deepEqual([error.code, error.partial], ['too_large', '안녕'], error.message);
    assert.ok(process.cpuUsage(before).user < 5e6, 'in linear time');
  }
});

test('silence ends a call by its limits', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const silent = serviceOf(() => new Promise(() => {}), { timeouts: { headers: 1000 } }).service;
  for (const call of [silent.stream({ message: 'a' }), silent.send({ message: 'a' })].map(failure)) {
    await settled();
    t.mock.timers.tick(1000);
    const error = await call;
    assert.deepEqual([error.code, error.network, error.retryable], ['headers_timeout', true, true], error.message);
  }

  const { stream, isCancelled } = held(DONE.split('\n')[0] + '\n\n');
  const idle = serviceOf(() => answer(stream), { timeouts: { idle: 500 } }).service;
  const stalled = failure(read(idle.stream({ message: 'a' })));
  await settled();
  t.mock.timers.tick(499);
  await settled();
  assert.ok(!isCancelled());
  t.mock.timers.tick(1);
  const error = await stalled;
  assert.deepEqual([error.code, error.network, error.partial, isCancelled()], ['idle_timeout', true, '안녕', true]);

  let ping;
  const pinging = serviceOf(() => answer(new ReadableStream({ start: (controller) => { ping = () => controller.enqueue(new TextEncoder().encode(': ping\n\n')); } })), { timeouts: { idle: 500, content: 1000 } }).service;
  const empty = failure(read(pinging.stream({ message: 'a' })));
  for (let pings = 0; pings < 3; pings += 1) {
    await settled();
    t.mock.timers.tick(400);
    ping();
  }
  assert.equal((await empty).code, 'content_timeout');
});

test('a body that stays open after the end of its turn is closed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { stream, isCancelled } = held(DONE);
  const { service } = serviceOf(() => answer(stream));
  assert.deepEqual(await read(service.stream({ message: 'a' })), EVENTS);
  t.mock.timers.tick(999);
  assert.equal(isCancelled(), false, 'it may end by itself');
  t.mock.timers.tick(1);
  assert.equal(isCancelled(), true);
});

test('a page that slept still reads what came meanwhile, and ends if nothing did', async (t) => {
  let now = 0;
  const timers = [];
  t.mock.method(Date, 'now', () => now);
  t.mock.method(globalThis, 'setTimeout', (run) => timers.push(run));
  const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  for (const isLost of [false, true]) {
    let controller;
    const { service } = serviceOf(() => answer(new ReadableStream({ start: (made) => { controller = made; } })), { timeouts: { idle: 500 } });
    const turn = read(service.stream({ message: 'a' }));
    await settled();
    // The clock went on while no timer could run.
    now += 3_600_000;
    timers.at(-1)();
    if (!isLost) controller.enqueue(new TextEncoder().encode(DONE));
    else {
      now += 1000;
      timers.at(-1)();
      assert.equal((await failure(turn)).code, 'idle_timeout');
      continue;
    }
    assert.deepEqual(await turn, EVENTS);
  }
});

test('a call is aborted before, during and after its answer', async () => {
  const aborted = AbortSignal.abort();
  const { service, requests } = serviceOf(() => answer(DONE));
  for (const call of [() => service.stream({ message: 'a' }, { signal: aborted }), () => service.send({ message: 'a' }, { signal: aborted })]) {
    const error = await failure(call());
    assert.deepEqual([error.code, error.retryable, error.network], ['cancelled', false, undefined]);
  }
  assert.equal(requests.length, 0, 'nothing is sent');

  let inner;
  const waiting = serviceOf((path, { signal }) => new Promise(() => { inner = signal; })).service;
  const during = new AbortController();
  const call = failure(waiting.stream({ message: 'a' }, { signal: during.signal }));
  await new Promise(setImmediate);
  during.abort();
  assert.equal((await call).code, 'cancelled');
  assert.ok(inner.aborted, 'the request ends');

  for (const leave of [(turn, controller) => controller.abort(), (turn) => turn.cancel()]) {
    const { stream, isCancelled } = held(DONE.split('\n')[0] + '\n\n');
    const controller = new AbortController();
    const turn = await serviceOf(() => answer(stream)).service.stream({ message: 'a' }, { signal: controller.signal });
    const events = [];
    for await (const event of turn) {
      events.push(event);
      setImmediate(leave, turn, controller);
    }
    assert.deepEqual([events, isCancelled()], [[EVENTS[0]], true], 'a turn that is left ends well');
  }
  const { stream, isCancelled } = held(DONE.split('\n')[0] + '\n\n');
  for await (const _ of await serviceOf(() => answer(stream)).service.stream({ message: 'a' })) break;
  assert.ok(isCancelled(), 'leaving the loop leaves the turn');

  const after = new AbortController();
  assert.deepEqual(await read(service.stream({ message: 'a' }, { signal: after.signal })), EVENTS);
  after.abort();
});

test('a signal that serves a thousand calls keeps no listener', async () => {
  const { signal } = new AbortController();
  const { service } = serviceOf((path) => (path === '/chat' ? json({ error: 'no' }, 500) : answer(DONE)));
  for (let count = 0; count < 1000; count += 1) {
    if (count % 4 === 0) await service.send({ message: 'a' }, { signal }).catch(() => {});
    else if (count % 4 === 1) (await service.stream({ message: 'a' }, { signal })).cancel();
    else if (count % 4 === 2) for await (const _ of await service.stream({ message: 'a' }, { signal })) break;
    else await read(service.stream({ message: 'a' }, { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  }
});

test('concurrent reads of a turn come in order', async () => {
  const { service } = serviceOf(() => answer(Array.from({ length: 99 }, (_, at) => `data: {"type": "content", "content": "${at}"}\n\n`).join('') + 'data: {"type": "done"}\n\n'));
  const iterator = (await service.stream({ message: 'a' }))[Symbol.asyncIterator]();
  const read = await Promise.all(Array.from({ length: 101 }, () => iterator.next()));
  assert.deepEqual(read.map(({ value }) => value?.content ?? value?.type), [...Array.from({ length: 99 }, (_, at) => `${at}`), 'done', undefined]);
});

test('a function of a client works on its own, and its options stay what they were', async () => {
  const options = { baseURL: 'https://a.example', fetch: async () => answer(DONE) };
  const { stream } = new ChatService(options);
  options.fetch = () => assert.fail('changed later');
  assert.deepEqual(await read(stream({ message: 'a' })), EVENTS);
});
