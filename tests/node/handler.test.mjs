/** The routes of a chat service as a function of `Request`, and behind the servers of Node. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { after, before, mock, test } from 'node:test';

import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { chatHandler, ConfigError, nodeHandler, OpenAI, Turns } from 'turnwire';

import { chat, startFake } from './fake.mjs';
import { post, served, silent, USER, user } from './routes.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

async function engine(scripts, options) {
  const model = await fake.script(scripts);
  return { model, turns: new Turns(client, { model, ...options }) };
}

const closed = (model) => fake.until(model, (request) => request.outcome === 'client_closed');

test('a handler needs turns and a function that authenticates', async () => {
  const { turns } = await engine([]);
  for (const of of [{}, null, client]) assert.throws(() => chatHandler(of, { authenticate: user }), { constructor: ConfigError, message: /Turns/ });
  assert.throws(() => chatHandler(turns, {}), { constructor: ConfigError, message: /authenticate/ });
  for (const basePath of ['api', 7, '/a?b']) assert.throws(() => chatHandler(turns, { authenticate: user, basePath }), { constructor: ConfigError, message: /basePath must be a path that begins with a slash/ });
  assert.throws(() => chatHandler(turns, { authenticate: user, onError: 1 }), { constructor: ConfigError, message: /onError/ });
  assert.throws(() => chatHandler(turns, { authenticate: user, path: '/' }), { constructor: ConfigError, message: /path is no setting/ });
});

test('only a string is a user; an error of authenticate is reported, without the secrets of its request', async () => {
  const { turns } = await engine([chat('a'), chat('a')]);
  const failing = { false: () => false, 'a number': () => 1, thrown: () => { throw new RangeError('no key'); }, rejected: () => Promise.reject(null) };
  for (const [name, authenticate] of Object.entries({ ...failing, null: () => null, undefined: async () => {}, '': user, promised: async () => USER })) {
    const errors = [];
    const response = await chatHandler(turns, { authenticate, onError: (error, request) => errors.push([error, request.url]) })(post('/chat'));
    assert.deepEqual([response.status, errors.length], name in failing ? [500, 1] : [/^(null|undefined)$/.test(name) ? 401 : 200, 0], name);
  }
  const shown = mock.method(console, 'error', () => {});
  const error = new RangeError('no key');
  await chatHandler(turns, { authenticate: () => Promise.reject(error) })(post('/chat'));
  assert.deepEqual(shown.mock.calls.map(({ arguments: them }) => them), [[error]]);
  shown.mock.restore();
});

test('an error of onError is reported, and the request is answered', async () => {
  const { turns } = await engine([]);
  const shown = mock.method(console, 'error', () => {});
  const thrown = new Error('of onError');
  const authenticate = () => Promise.reject(new Error('of authenticate'));
  for (const onError of [() => { throw thrown; }, async () => { throw thrown; }]) assert.equal((await chatHandler(turns, { authenticate, onError })(post('/chat'))).status, 500);
  await new Promise(setImmediate);
  assert.deepEqual(shown.mock.calls.map(({ arguments: them }) => them), [[thrown], [thrown]]);
  shown.mock.restore();
});

test('authenticate may read a clone of the body, and is told when it took the body itself', async () => {
  const { turns } = await engine(chat('a'));
  const clone = chatHandler(turns, { authenticate: async (request) => (await request.clone().json()).user });
  assert.equal((await clone(post('/chat', { message: 'm', user: USER }))).status, 200);
  const errors = [];
  const itself = chatHandler(turns, { authenticate: async (request) => (await request.json()).user, onError: (error) => errors.push(error) });
  assert.equal((await itself(post('/chat', { message: 'm', user: USER }))).status, 500);
  assert.match(errors[0].message, /clone/);
});

test('authenticate gets the second argument of the handler, and the request of Node behind its servers', async () => {
  const { turns } = await engine([chat('a'), chat('a'), chat('a')]);
  const authenticate = (_, { user }) => user;
  const handler = chatHandler(turns, { authenticate });
  assert.equal((await handler(post('/chat'), { user: USER })).status, 200);
  assert.equal((await handler(post('/chat'), {})).status, 401);
  const app = express();
  app.use((request, _, next) => {
    request.user = request.get('x-user');
    next();
  });
  app.all('/chat{/*route}', nodeHandler(handler));
  await served(app, async (url) => {
    const ask = (headers) => fetch(`${url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"message":"m"}' });
    assert.deepEqual([(await ask({ 'x-user': USER })).status, (await ask({})).status], [200, 401]);
  });
});

test('the routes may lie below a path', async () => {
  const { turns } = await engine([chat('a'), chat('a')]);
  for (const basePath of ['/api', '/api/']) {
    const handler = chatHandler(turns, { authenticate: user, basePath, paths: { stop: '/end' } });
    const statuses = [];
    for (const path of ['/api/chat', '/api/end', '/chat', '/api', '/apichat', '/api/chat/stop']) statuses.push((await handler(post(path))).status);
    assert.deepEqual(statuses, [200, 400, 404, 404, 404, 404]);
  }
});

test('functions of the program run in the asynchronous context of the request', async () => {
  const requests = new AsyncLocalStorage();
  const seen = [];
  const sentiment = async () => void seen.push(requests.getStore()) ?? 'x';
  const { turns } = await engine(Array(4).fill(chat('a')), { sentiment, sentimentBudget: 10_000 });
  const handler = chatHandler(turns, { authenticate: user });
  await Promise.all(['/chat', '/chat/stream', '/chat', '/chat/stream'].map((path, i) => requests.run(i, async () => (await handler(post(path))).text())));
  assert.deepEqual(seen.sort(), [0, 1, 2, 3]);
});

test('the handler answers over HTTP/2', async () => {
  const { turns } = await engine(chat('안', '녕'));
  const listener = nodeHandler(chatHandler(turns, { authenticate: (request) => new URL(request.url).hostname === '127.0.0.1' ? USER : null }));
  await served(listener, async (url) => {
    const session = http2.connect(url);
    const request = session.request({ ':method': 'POST', ':path': '/chat/stream', 'content-type': 'application/json' });
    request.end('{"message":"m"}');
    const [headers] = await once(request, 'response');
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    assert.deepEqual([headers[':status'], headers.connection, /안.*녕.*done/s.test(text)], [200, undefined, true]);
    session.close();
  }, http2.createServer(listener));
});

test('the authority of HTTP/2 is the host, whatever a Host header beside it says', async () => {
  const hosts = [];
  const listener = nodeHandler((request) => {
    hosts.push([new URL(request.url).host, request.headers.get('host')]);
    return new Response(null, { status: 204 });
  });
  await served(null, async (url) => {
    const session = http2.connect(url);
    for (const host of [{}, { host: 'a.example' }, { host: 'b.example' }]) {
      const request = session.request({ ':authority': 'a.example', ':path': '/', ...host });
      const [headers] = await once(request, 'response');
      assert.equal(headers[':status'], 204);
      request.resume();
    }
    session.close();
  }, http2.createServer(listener));
  assert.deepEqual(hosts, Array(3).fill(['a.example', 'a.example']));
});

test('a body that fails over HTTP/2 resets its stream', async () => {
  const failing = () => new Response(new ReadableStream({ start: (sink) => sink.enqueue(Buffer.from('half')), pull: (sink) => sink.error(new Error('broken')) }, { highWaterMark: 0 }));
  await served(null, async (url) => {
    const session = http2.connect(url);
    const request = session.request({ ':path': '/' });
    request.on('error', () => {}).resume();
    await new Promise((resolve) => request.once('close', resolve));
    assert.equal(request.rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR);
    session.close();
  }, http2.createServer(nodeHandler(failing)));
});

test('a response that another part of the program ends is left: the signal is aborted, and the answer dropped', async () => {
  const { model, turns } = await engine(silent);
  const handler = chatHandler(turns, { authenticate: user });
  const signals = [];
  const listener = nodeHandler((request) => {
    signals.push(request.signal);
    return handler(request);
  });
  const late = async (incoming, response) => {
    const answered = listener(incoming, response);
    await fake.until(model, ({ headers_sent_at_ms: sent }) => sent);
    response.end('late');
    await answered;
  };
  await served(late, async (url) => {
    const response = await fetch(`${url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"message":"m"}' });
    assert.equal(await response.text(), 'late');
    await closed(model);
  });
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);

  const shown = mock.method(console, 'error', () => {});
  let cancelled = 0;
  const answer = nodeHandler(() => new Response(new ReadableStream({ cancel: () => void (cancelled += 1) })));
  const first = async (incoming, response) => {
    response.end('first');
    await answer(incoming, response);
  };
  await served(first, async (url) => assert.equal(await (await fetch(url)).text(), 'first'));
  assert.deepEqual([cancelled, shown.mock.callCount()], [1, 0]);
  shown.mock.restore();
});

test('a body that a middleware has read is taken from it', async () => {
  for (const parser of [express.json(), express.text({ type: '*/*' }), express.raw({ type: '*/*' })]) {
    const { turns } = await engine(chat('a'));
    const app = express().use(parser).use(nodeHandler(chatHandler(turns, { authenticate: user })));
    await served(app, async (url) => {
      const response = await fetch(`${url}/chat`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"message":"m"}' });
      assert.deepEqual(await response.json(), { reply: 'a', workspaceId: null });
    });
  }
});

test('a body that is too large is refused before it is read, with and without its length', async () => {
  const { model, turns } = await engine([]);
  await served(nodeHandler(chatHandler(turns, { authenticate: user, maxBody: 1000 })), async (_, port) => {
    for (const head of ['content-length: 100000', 'transfer-encoding: chunked']) {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`POST /chat HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${head}\r\n\r\n`);
      socket.write(head.endsWith('chunked') ? `fff\r\n${'x'.repeat(0xfff)}\r\n` : 'x');
      let text = '';
      for await (const piece of socket.setEncoding('utf8')) if ((text += piece).includes('}')) break;
      assert.match(text, /^HTTP\/1.1 413 .*{"error":/s);
    }
  });
  assert.deepEqual(await fake.requests(model), []);
});

test('the signal of a request is aborted when its reader leaves, and not when it is answered', async () => {
  const { turns } = await engine([chat('a'), chat('a')]);
  const handler = chatHandler(turns, { authenticate: user });
  const signals = [];
  const closes = [];
  const listener = nodeHandler((request) => {
    signals.push(request.signal);
    return handler(request);
  });
  await served(async (incoming, response) => {
    closes.push(once(response, 'close'));
    await listener(incoming, response);
  }, async (url) => {
    for (const path of ['/chat', '/chat/stream']) await (await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"message":"m"}' })).text();
    await Promise.all(closes);
  });
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
});

test('a client that goes away amid its request is no error', async () => {
  const { turns } = await engine([]);
  const errors = [];
  let answered;
  const handler = chatHandler(turns, { authenticate: user, onError: (error) => errors.push(error) });
  const broken = new ReadableStream({ pull: () => Promise.reject(new Error('aborted')) });
  assert.equal((await handler(post('/chat', undefined, { body: broken, duplex: 'half' }))).status, 499);
  const listener = nodeHandler((request) => (answered = handler(request)));
  await served(listener, async (_, port) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.write('POST /chat HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    while (!answered) await new Promise(setImmediate);
    socket.destroy();
    assert.equal((await answered).status, 499);
  });
  assert.deepEqual(errors, []);
});

test('requests that the web has no form of are refused, and none ends the server', async () => {
  const { turns } = await engine([]);
  await served(nodeHandler(chatHandler(turns, { authenticate: user })), async (_, port) => {
    const requests = [['TRACE /chat', 400], ['OPTIONS *', 404], ['POST //chat', 404], ['HEAD http://other.example/chat', 405], ['HEAD /chat', 405, ''], ['GET /x', 400, 'h/chat?'], ['GET /x', 400, 'h#'], ['GET /x', 400, 'u@h'], ['GET /x', 400, 'h\\chat'], ['POST /chat%', 404], ['HEAD /chat', 405], ['GET /chat', 400, 'a b']];
    for (const [line, status, host = 'a'] of requests) {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`${line} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      let text = '';
      for await (const piece of socket.setEncoding('utf8')) text += piece;
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} `), line);
    }
  });
});

test('a connection is kept for the next request, also after one whose body nobody read', async () => {
  const { turns } = await engine(chat('a'));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const handler = chatHandler(turns, { authenticate: (request) => request.headers.get('x-user') });
  await served(nodeHandler(handler), async (_, port) => {
    const sockets = new Set();
    for (const [headers, status] of [[{}, 401], [{ 'x-user': USER }, 200], [{}, 401]]) {
      const request = http.request({ port, host: '127.0.0.1', agent, method: 'POST', path: '/chat', headers: { 'content-type': 'application/json', ...headers } });
      request.end('{"message":"m"}');
      const [response] = await once(request, 'response');
      sockets.add(response.socket);
      response.resume();
      await once(response, 'end');
      assert.equal(response.statusCode, status);
    }
    assert.equal(sockets.size, 1);
    agent.destroy();
  });
});

test('any function of the web is a listener: cookies, streams, and errors', async () => {
  const shown = mock.method(console, 'error', () => {});
  const answers = {
    '/cookies': () => new Response('a', { status: 201, statusText: 'Made', headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }),
    '/stream': () => new Response(new ReadableStream({ start: (sink) => (sink.enqueue(new TextEncoder().encode('b')), sink.close()) })),
    '/broken': () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error('broken')) })),
    '/thrown': () => { throw new Error('secret'); },
  };
  await served(nodeHandler((request) => answers[new URL(request.url).pathname]()), async (url) => {
    const cookies = await fetch(`${url}/cookies`);
    assert.deepEqual([cookies.status, cookies.statusText, cookies.headers.getSetCookie(), await cookies.text()], [201, 'Made', ['a=1', 'b=2'], 'a']);
    assert.equal(await (await fetch(`${url}/stream`)).text(), 'b');
    await assert.rejects(fetch(`${url}/broken`).then((response) => response.text()));
    const thrown = await fetch(`${url}/thrown`);
    assert.deepEqual([thrown.status, await thrown.text(), shown.mock.callCount()], [500, '', 1]);
  });
  shown.mock.restore();
});

for (const whose of ["Node's", "hono's"]) {
  test(`a response of ${whose} that is not valid leaves the turn to another`, async (t) => {
    const { Request, Response } = globalThis;
    t.after(() => Object.assign(globalThis, { Request, Response }));
    // A server of hono's puts its own classes in place of the global ones.
    if (whose === "hono's") getRequestListener(() => {});
    assert.equal(globalThis.Response === Response, whose === "Node's");
    const { turns } = await engine(chat('a'));
    const turn = turns.start({ message: 'm' });
    for (const init of [{ status: 204 }, { status: 42 }, { headers: { 'a b': 'c' } }]) assert.throws(() => turn.toResponse(init), /status|header/i);
    assert.match(await turn.toResponse().text(), /done/);
  });
}
