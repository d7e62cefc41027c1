/** Turns as responses of the servers that people use: whole replies, readers who leave, readers who are slow. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { serve } from '@hono/node-server';
import compression from 'compression';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { OpenAI, Turns } from 'turnwire';

import { chat, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** A reply that begins, and is silent then. */
const silent = { steps: [{ role: 'assistant' }, { text: '안녕' }, { stall: true }] };

const WHOLE = 'data: {"type": "content", "content": "안"}\n\ndata: {"type": "content", "content": "녕"}\n\ndata: {"type": "done"}\n\n';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

/** Turns whose model answers with these scripts, one after another. */
async function engine(scripts, options) {
  const model = await fake.script(scripts);
  return { model, turns: new Turns(client, { model, ...options }) };
}

const closed = (model) => fake.until(model, (request) => request.outcome === 'client_closed');

/** Waits until the model's writes wait for their reader for good. */
async function stopped(model) {
  let since = [];
  return fake.until(model, ({ write_blocked_since_ms: at }) => {
    since = since[0] === at ? [...since, at] : [at];
    return at && since.length > 20;
  });
}

async function listening(server) {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

/** Each server, with a route that answers with `start()`'s turn. `piped()` gets the promise of `turn.pipe()`. */
const SERVERS = {
  'node:http': async (start, piped) => {
    const server = http.createServer((_, response) => piped(start().pipe(response)));
    return { port: await listening(server), close: () => server.close() };
  },
  'node:http2': async (start, piped) => {
    const server = http2.createServer((_, response) => piped(start().pipe(response)));
    return { port: await listening(server), close: () => server.close(), http2: true };
  },
  'express, with compression': async (start, piped) => {
    const app = express().use(compression({ threshold: 0 }));
    app.get('/', async (_, response) => piped(start().pipe(response)));
    const server = http.createServer(app);
    return { port: await listening(server), close: () => server.close() };
  },
  'a Response in fastify': async (start) => {
    const app = fastify({ forceCloseConnections: true });
    app.get('/', () => start().toResponse());
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: app.server.address().port, close: () => app.close() };
  },
  'a Response in hono': async (start) => {
    const app = new Hono();
    app.get('/', () => start().toResponse());
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    if (!server.listening) await once(server, 'listening');
    return { port: server.address().port, close: () => server.close() };
  },
};

let leaveWith = http2.constants.NGHTTP2_CANCEL;

/** A request for the route: status, headers, and the body as a stream. */
async function get(server) {
  if (server.http2) {
    const session = http2.connect(`http://127.0.0.1:${server.port}`);
    const body = session.request({ ':path': '/' });
    const [headers] = await once(body, 'response');
    // Browsers leave with an error, Node's client without.
    return { status: headers[':status'], headers, body, session, leave: () => (body.close(leaveWith), session.close()) };
  }
  const request = http.get({ port: server.port, host: '127.0.0.1', agent: false, headers: { 'accept-encoding': 'gzip' } });
  const [body] = await once(request, 'response');
  return { status: body.statusCode, headers: body.headers, body, leave: () => request.destroy() };
}

async function text({ body }) {
  let text = '';
  for await (const piece of body.setEncoding('utf8')) text += piece;
  return text;
}

/** A reply of megabytes without an end. */
const flood = { steps: [{ role: 'assistant' }, { repeat: { times: 1e6, steps: [{ text: 'x'.repeat(2 ** 20) }] } }] };

for (const [name, listen] of Object.entries(SERVERS)) {
  test(`${name}: a turn is a response`, async () => {
    const { turns } = await engine(chat('안', '녕'));
    let sent;
    const server = await listen(() => turns.start({ message: 'm' }), (pipe) => (sent = pipe));
    const response = await get(server);
    assert.equal(response.status, 200);
    const { headers } = response;
    assert.deepEqual([headers['content-type'], headers['cache-control'], headers['x-accel-buffering']], ['text/event-stream; charset=utf-8', 'no-cache, no-transform', 'no']);
    assert.equal(headers['content-encoding'], undefined);
    assert.equal(await text(response), WHOLE);
    await sent;
    response.leave();
    await server.close();
  });

  test(`${name}: a reader who leaves in a silence ends the turn at once`, async () => {
    const { model, turns } = await engine(silent, { keepAlive: null });
    let sent;
    const turn = turns.start({ message: 'm' });
    const server = await listen(() => turn, (pipe) => (sent = pipe));
    const response = await get(server);
    const [piece] = await once(response.body, 'data');
    assert.match(String(piece), /안녕/);
    response.leave();
    await closed(model);
    await Promise.all([sent, turn.finished]);
    assert.equal(turn.timeline().stages.at(-1).outcome, 'cancelled');
    await server.close();
  });

  test(`${name}: a reader who pauses stops the model`, async () => {
    const { model, turns } = await engine(flood);
    const server = await listen(() => turns.start({ message: 'm' }), () => {});
    const response = await get(server);
    response.body.pause();
    const { bytes_written } = await stopped(model);
    // Buffers of four sockets, and a few pieces.
    assert.ok(bytes_written < 64 * 2 ** 20, `the model wrote ${bytes_written} bytes`);
    response.leave();
    await closed(model);
    await server.close();
  });
}

test('a reader of HTTP/2 who leaves without an error while it reads nothing ends the turn', async () => {
  leaveWith = http2.constants.NGHTTP2_NO_ERROR;
  const { model, turns } = await engine(flood);
  let sent;
  const server = await SERVERS['node:http2'](() => turns.start({ message: 'm' }), (pipe) => (sent = pipe));
  const response = await get(server);
  response.body.pause();
  await stopped(model);
  response.leave();
  await Promise.all([closed(model), sent]);
  response.session.destroy();
  server.close();
});

test('a response takes a status and headers, which go before those of the stream', async () => {
  const { turns } = await engine([chat('a'), chat('a')]);
  const headers = [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['cache-control', 'no-store']];
  const response = turns.start({ message: 'm' }).toResponse({ status: 201, headers });
  assert.deepEqual([response.status, response.headers.getSetCookie(), response.headers.get('cache-control')], [201, ['a=1', 'b=2'], 'no-store']);
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  await response.text();

  const server = http.createServer((_, response) => {
    response.statusCode = 201;
    response.setHeader('Cache-Control', 'no-store');
    turns.start({ message: 'm' }).pipe(response);
  });
  const port = await listening(server);
  const got = await fetch(`http://127.0.0.1:${port}`);
  assert.deepEqual([got.status, got.headers.get('cache-control'), got.headers.get('x-accel-buffering')], [201, 'no-store', 'no']);
  await got.text();
  server.close();
});

test('a response can begin before its turn', async () => {
  const { turns } = await engine(chat('안', '녕'));
  const server = http.createServer((_, response) => {
    response.write(': a comment\n\n');
    turns.start({ message: 'm' }).pipe(response);
  });
  const port = await listening(server);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), `: a comment\n\n${WHOLE}`);
  server.close();
});

test('the head of a response does not wait for the first event', async () => {
  const { turns } = await engine({ steps: [{ role: 'assistant' }, { stall: true }] }, { keepAlive: null });
  const server = http.createServer((_, response) => turns.start({ message: 'm' }).pipe(response));
  const port = await listening(server);
  const response = await fetch(`http://127.0.0.1:${port}`);
  assert.equal(response.status, 200);
  await response.body.cancel();
  server.close();
});

test('a turn whose reader has left before its response is over', async () => {
  const { model, turns } = await engine({ ...silent, wait_ms_before_headers: 60_000 });
  let request;
  const sent = new Promise((resolve, reject) => {
    const server = http.createServer(async (_, response) => {
      const turn = turns.start({ message: 'm' });
      const gone = once(response, 'close');
      request.destroy();
      await gone;
      turn.pipe(response).then(() => server.close(() => resolve(turn.finished)), reject);
    });
    listening(server).then((port) => {
      request = http.get({ port, host: '127.0.0.1', agent: false }).on('error', () => {});
    });
  });
  await sent;
  // If it was asked at all; the fake sees the end of the connection a moment later.
  if ((await fake.requests(model)).length) await closed(model);
});

test('a second response of a turn is refused', async () => {
  const { turns } = await engine(chat('a'));
  const turn = turns.start({ message: 'm' });
  await turn.toResponse().text();
  assert.throws(() => turn.toResponse(), /reader/);
  await assert.rejects(turn.pipe(new http.ServerResponse(new http.IncomingMessage())), /reader/);
});

test('a turn is finished once its messages are delivered', async () => {
  const store = await startStore();
  try {
    const { access, refresh } = await store.login(USER);
    await store.script([{ act: 'pass', wait_ms_before_headers: 200 }, { act: 'pass', wait_ms_before_headers: 200 }, { act: 'pass' }], 'save');
    const { turns } = await engine([chat('a', 'b'), silent], { store: store.url, naming: 'first_words' });
    const request = { message: 'hello', userId: USER, createWorkspace: true, accessToken: access, refreshToken: refresh };
    const turn = turns.start(request);
    assert.equal(turn.finished, turn.finished);
    await turn.toResponse().text();
    await turn.finished;
    assert.deepEqual((await store.stored()).messages.map(({ message }) => message.msgContent).sort(), ['ab', 'hello']);

    const left = turns.start(request);
    const reader = left.toResponse().body.getReader();
    for (let text = ''; !/안녕/.test(text); ) text = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    await left.finished;
    assert.equal((await store.stored()).messages.length, 4);
  } finally {
    store.close();
  }
});

test('a turn is a response for useChat, and one of plain text', async () => {
  const { turns } = await engine(Array(4).fill(chat('안', '녕')));
  const ui = turns.start({ message: 'm' });
  const response = ui.toUIMessageResponse({ status: 201 });
  assert.deepEqual([response.status, response.headers.get('x-vercel-ai-ui-message-stream')], [201, 'v1']);
  const parts = (await response.text()).split('\n\n').map((line) => line.replace('data: ', ''));
  assert.deepEqual([JSON.parse(parts[0]).messageId, parts.at(-2)], [ui.replyId, '[DONE]']);
  const text = turns.start({ message: 'm' }).toTextResponse();
  assert.deepEqual([text.headers.get('content-type'), await text.text()], ['text/plain; charset=utf-8', '안녕']);

  const server = http.createServer((request, response) => turns.start({ message: 'm' }).pipe(response, { wire: request.url.slice(1) }));
  const url = `http://127.0.0.1:${await listening(server)}`;
  const piped = await fetch(`${url}/ui`);
  assert.deepEqual([piped.headers.get('x-vercel-ai-ui-message-stream'), /\[DONE\]\n\n$/.test(await piped.text())], ['v1', true]);
  assert.equal(await (await fetch(`${url}/text`)).text(), '안녕');
  server.close();
});

test('plain text that breaks off is no whole response', async () => {
  const half = { steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] };
  const { turns } = await engine([half, half]);
  await assert.rejects(turns.start({ message: 'm' }).toTextResponse().text());
  const server = http.createServer((_, response) => turns.start({ message: 'm' }).pipe(response, { wire: 'text' }));
  await assert.rejects(fetch(`http://127.0.0.1:${await listening(server)}`).then((response) => response.text()));
  server.close();
});

test('plain text that breaks off over HTTP/2 resets its stream', async () => {
  const { turns } = await engine({ steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] });
  const server = http2.createServer((_, response) => turns.start({ message: 'm' }).pipe(response, { wire: 'text' }));
  const session = http2.connect(`http://127.0.0.1:${await listening(server)}`);
  const request = session.request({ ':path': '/' });
  request.on('error', () => {}).resume();
  await new Promise((resolve) => request.once('close', resolve));
  assert.equal(request.rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR);
  session.close();
  server.close();
});

for (const name of ['node:http', 'node:http2']) {
  test(`a turn is left when another part of the program ends its response, before it or in its midst: ${name}`, async () => {
    for (const isBegun of [false, true]) {
      const { model, turns } = await engine(silent, { keepAlive: null });
      let piped;
      const listener = async (_, response) => {
        if (!isBegun) response.end('other');
        piped = turns.start({ message: 'm' }).pipe(response);
        if (!isBegun) return;
        await fake.until(model, ({ headers_sent_at_ms: sent }) => sent);
        response.end('other');
      };
      const server = name === 'node:http' ? http.createServer(listener) : http2.createServer(listener);
      const reply = await get({ port: await listening(server), http2: name === 'node:http2' });
      assert.match(await text(reply), /other$/);
      await piped;
      if (isBegun) await closed(model);
      reply.session?.close();
      server.close();
    }
  });
}

test('a turn that nobody reads ends when it is dropped, also while somebody waits for its end', async () => {
  const { turns } = await engine([]);
  let isOver = false;
  void (() => turns.start({ message: 'm' }).finished)().then(() => (isOver = true));
  for (const end = Date.now() + 60_000; !isOver; await new Promise(setImmediate)) {
    assert.ok(Date.now() < end, 'the turn is kept');
    gc();
  }
});

test('a turn is finished without a store, too, and when it failed', async () => {
  const { turns } = await engine([chat('a'), { status: 401, steps: [{ json: {} }] }]);
  for (const text of [/done/, /error/]) {
    const turn = turns.start({ message: 'm' });
    assert.match(await turn.toResponse().text(), text);
    await turn.finished;
    assert.ok(turn.timeline().totalMs >= 0);
  }
});
