/** Turns: reading and leaving them, functions of the program, and what an engine keeps alive. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';

import { APIUserAbortError, ConfigError, InvalidRequestError, OpenAI, TruncatedStreamError, TurnwireError, Turns } from 'turnwire';

import { chat, endless, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

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

async function read(turn) {
  const events = [];
  for await (const event of turn) events.push(event);
  return events;
}

const stage = (turn, name) => turn.timeline().stages.find((each) => each.name === name);
const said = async (model) => JSON.parse((await fake.requests(model)).at(-1).body).messages;
const closed = (model) => fake.until(model, (request) => request.outcome === 'client_closed');

test('a turn is read as events', async () => {
  const { turns } = await engine(chat('안', '녕'));
  const turn = turns.start({ message: '안녕하세요' });
  assert.deepEqual(await read(turn), [{ type: 'content', content: '안' }, { type: 'content', content: '녕' }, { type: 'done' }]);
  assert.equal(new Set([turn.id, turn.messageId, turn.replyId]).size, 3);
  const { stages, pieces, firstTokenMs, totalMs, firstAudioMs } = turn.timeline();
  assert.deepEqual([stages.map(({ name, outcome }) => [name, outcome]), pieces, firstAudioMs], [[['reply', 'done']], 2, null]);
  assert.ok(stages[0].beganMs <= firstTokenMs && firstTokenMs <= stages[0].endedMs && stages[0].endedMs <= totalMs);
});

test('a timeline is data, a chart and a picture', async () => {
  const { turns } = await engine(chat('a', 'b'));
  const turn = turns.start({ message: 'm' });
  await read(turn);
  const timeline = turn.timeline();
  assert.match(timeline.text(), /^stage .*\n(.*\n)*.*first token after/);
  assert.match(timeline.svg('simulated <services>'), /^<svg .*simulated &lt;services&gt;.*<\/svg>\s*$/s);
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(timeline))).sort(), ['fallback', 'firstAudioMs', 'firstTokenMs', 'model', 'pieces', 'stages', 'totalMs', 'usage']);
});

test('a turn is read as bytes, which any web response takes', async () => {
  const { turns } = await engine(chat('안', '녕'));
  const text = await new Response(turns.start({ message: '안녕하세요' }).sse()).text();
  assert.equal(text, 'data: {"type": "content", "content": "안"}\n\ndata: {"type": "content", "content": "녕"}\n\ndata: {"type": "done"}\n\n');
});

test('a turn is read as a UI stream and as text', async () => {
  const half = { steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] };
  const { turns } = await engine([chat('안', '녕'), chat('안', '녕'), half, half]);
  const turn = turns.start({ message: 'm' });
  const body = await new Response(turn.uiStream()).text();
  assert.ok(body.startsWith(`data: {"type": "start", "messageId": "${turn.replyId}"}\n\n`), body);
  assert.match(body, /"type": "text-delta", "id": "0", "delta": "안".*"finishReason": "stop".*data: \[DONE\]\n\n$/s);
  assert.equal(await new Response(turns.start({ message: 'm' }).textStream()).text(), '안녕');
  assert.match(await new Response(turns.start({ message: 'm' }).uiStream()).text(), /"type": "error", "errorText": ".*data: \[DONE\]\n\n$/s);
  const pieces = [];
  await assert.rejects(async () => {
    for await (const piece of turns.start({ message: 'm' }).textStream()) pieces.push(Buffer.from(piece).toString());
  }, TruncatedStreamError);
  assert.deepEqual(pieces, ['half']);
});

test('silence in a body is broken as often as the setting says', async () => {
  const model = await fake.script({ steps: [{ role: 'assistant' }, { text: 'a' }, { stall: true }] });
  const reader = new Turns(client, { model, keepAlive: 50 }).start({ message: 'm' }).sse().getReader();
  let text = '';
  while (!/}\n\n(: keep-alive\n\n){2,}$/.test(text)) text += Buffer.from((await reader.read()).value);
  // A model that is slow leaves silence before its text as well.
  assert.match(text, /^(: keep-alive\n\n)*data: {"type": "content", "content": "a"}\n\n(: keep-alive\n\n){2,}$/);
  await reader.cancel();
  assert.throws(() => new Turns(client, { model, keepAlive: 0 }), { constructor: ConfigError, message: /keep_?alive is 0/i });
});

test('a turn has one reader, and a second one does not disturb it', async () => {
  const { turns } = await engine([chat('a', 'b'), chat('a', 'b')]);
  const turn = turns.start({ message: 'm' });
  const events = turn[Symbol.asyncIterator]();
  await events.next();
  for (const second of [() => turn[Symbol.asyncIterator](), () => turn.sse()]) {
    assert.throws(second, { constructor: InvalidRequestError, code: 'invalid_request', message: /reader/ });
  }
  assert.deepEqual(await read(events), [{ type: 'content', content: 'b' }, { type: 'done' }]);
  const other = turns.start({ message: 'm' });
  const bytes = other.sse();
  assert.throws(() => other[Symbol.asyncIterator](), InvalidRequestError);
  assert.match(await new Response(bytes).text(), /done/);
});

test('a request is refused before anything runs', async () => {
  const { model, turns } = await engine(chat('a'));
  for (const request of [{}, { message: ' ' }, { message: 1 }, { message: 'm', userID: 'u' }, { message: 'm', workspaceId: 'w' }]) {
    assert.throws(() => turns.start(request), { constructor: InvalidRequestError, operation: 'turn.start' }, JSON.stringify(request));
  }
  assert.deepEqual(await fake.requests(model), []);
});

test('settings that cannot work throw at once', () => {
  assert.throws(() => new Turns(client.withOptions({ apiKey: () => 'k' })), { constructor: ConfigError, message: /apiKey/ });
  for (const options of [{ store: 'no url' }, { outbox: { limits: { memoryRecords: 1 } } }, { sentimentEvents: true }, { sentimentBudget: -1 }]) {
    assert.throws(() => new Turns(client, options), { constructor: ConfigError, errorCode: 'config' }, JSON.stringify(options));
  }
});

test('a turn that breaks throws with its text so far; among bytes it is an event', async () => {
  const half = { steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] };
  const { turns } = await engine([half, half]);
  await assert.rejects(read(turns.start({ message: 'm' })), (error) => error instanceof TruncatedStreamError && error.partial === 'half');
  assert.match(await new Response(turns.start({ message: 'm' }).sse()).text(), /"type": "error".*"code": "truncated"/);
});

test('what a client sends goes with its turns', async () => {
  const model = await fake.script(chat('a'));
  const own = client.withOptions({ defaultHeaders: { 'x-team': 'red' }, defaultQuery: { v: 1 } });
  await read(new Turns(own, { model }).start({ message: 'm' }));
  const [{ headers, query }] = await fake.requests(model);
  assert.deepEqual([new Headers(headers).get('x-team'), query], ['red', 'v=1']);
});

test('a signal that was aborted already starts nothing', async () => {
  const { model, turns } = await engine(chat('a'));
  assert.throws(() => turns.start({ message: 'm' }, { signal: AbortSignal.abort() }), APIUserAbortError);
  assert.deepEqual(await fake.requests(model), []);
});

for (const [how, leave] of [
  ['a signal', (turn, aborter) => aborter.abort()],
  ['cancel()', (turn) => turn.cancel()],
]) {
  test(`${how} ends a turn quietly, and closes the connection`, async () => {
    const { model, turns } = await engine([endless(), chat('a')]);
    const aborter = new AbortController();
    const turn = turns.start({ message: 'm' }, { signal: aborter.signal });
    const events = [];
    for await (const event of turn) {
      events.push(event);
      if (events.length === 3) leave(turn, aborter);
    }
    assert.ok(events.length >= 3 && events.every(({ type }) => type === 'content'));
    await closed(model);
    assert.equal(stage(turn, 'reply').outcome, 'cancelled');
    assert.equal(getEventListeners(aborter.signal, 'abort').length, 0);
    const unread = turns.start({ message: 'm' });
    leave(unread, { abort: () => unread.cancel() });
    assert.deepEqual(await read(unread), []);
  });
}

test('leaving a loop, and cancelling the bytes, leaves the turn', async () => {
  const { model, turns } = await engine([endless(), endless()]);
  for await (const _ of turns.start({ message: 'm' })) break;
  await closed(model);
  const reader = turns.start({ message: 'm' }).sse().getReader();
  await reader.read();
  await reader.cancel();
  const ended = async () => (await fake.requests(model)).every(({ outcome }) => outcome === 'client_closed');
  for (let i = 0; !(await ended()); i += 1) assert.ok(i < 500, 'the connection is open');
});

for (const [kind, sentiment] of [
  ['plain', () => '기쁨'],
  ['async', async () => '기쁨'],
]) {
  test(`the label of a ${kind} function reaches the model and the reader`, async () => {
    const { model, turns } = await engine(chat('a'), { sentiment, sentimentHint: 'mood: {label}', sentimentBudget: 10_000, sentimentEvents: true });
    const turn = turns.start({ message: '신난다' });
    assert.deepEqual(await read(turn), [{ type: 'sentiment', label: '기쁨' }, { type: 'content', content: 'a' }, { type: 'done' }]);
    assert.deepEqual(await said(model), [{ role: 'system', content: 'mood: 기쁨' }, { role: 'user', content: '신난다' }]);
    assert.equal(stage(turn, 'sentiment').outcome, 'done');
  });
}

test('a function runs in the asynchronous context of start()', async () => {
  const request = new AsyncLocalStorage();
  const seen = [];
  const { turns } = await engine(Array(20).fill(chat('a')), { sentiment: async (text) => void seen.push([text, request.getStore()]) ?? 'x', sentimentBudget: 10_000 });
  const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
  await Promise.all(ids.map((id) => read(request.run(id, () => turns.start({ message: id })))));
  assert.deepEqual(seen.sort(), ids.map((id) => [id, id]).sort());
});

test('a function that fails never breaks the turn', async () => {
  const failures = [
    [() => Promise.reject(new RangeError('no such label')), /RangeError: no such label/],
    [() => { throw new RangeError('no such label'); }, /RangeError: no such label/],
    [() => 1, /must return a string, not number/],
    [() => undefined, /must return a string, not undefined/],
    [() => Promise.reject(null), /a value of type object/],
    [() => { throw { toString: () => { throw 1; } }; }, /a value of type object/],
    [() => { throw Object.defineProperty(new Error(), 'message', { get: () => { throw 1; } }); }, /an exception that cannot be read/],
    [() => { throw Object.assign(new Error(), { name: Symbol('s') }); }, /an exception that cannot be read/],
  ];
  for (const [sentiment, reason] of failures) {
    const { turns } = await engine(chat('a'), { sentiment, sentimentBudget: 10_000, failureEvents: true });
    const turn = turns.start({ message: 'm' });
    const events = await read(turn);
    assert.deepEqual(events.map(({ type, code }) => [type, code]), [['stage_failed', 'callback'], ['content', undefined], ['done', undefined]]);
    assert.match(stage(turn, 'sentiment').reason, reason);
  }
});

test('a function that is late costs its budget, and learns that nobody waits', async () => {
  let asked;
  let abandoned;
  const wait = new Promise((resolve) => (abandoned = resolve));
  const sentiment = (_, { signal }) => {
    asked = true;
    return new Promise(() => signal.addEventListener('abort', abandoned));
  };
  const { turns } = await engine(endless(), { sentiment, sentimentBudget: 1 });
  const turn = turns.start({ message: 'm' });
  for await (const event of turn) {
    assert.notEqual(event.type, 'sentiment');
    if (asked) turn.stop();
  }
  // Functions keep no process alive, so the test does.
  const late = setTimeout(() => {}, 60_000);
  await wait;
  clearTimeout(late);
  assert.equal(stage(turn, 'sentiment').outcome, 'cancelled');
});

test('a function is not called for a turn that is gone before the event loop has its turn', async () => {
  const called = [];
  const { turns } = await engine(chat('a'), { sentiment: (text) => void called.push(text) ?? 'x', sentimentBudget: 10_000 });
  const gone = turns.start({ message: 'gone' });
  for (const end = Date.now() + 100; Date.now() < end; );
  gone.cancel();
  for (const end = Date.now() + 100; Date.now() < end; );
  await read(turns.start({ message: 'asked' }));
  assert.deepEqual(called, ['asked']);
});

test('messages go to the store through an outbox on disk', async () => {
  const store = await startStore();
  const folder = mkdtempSync(join(tmpdir(), 'turnwire-outbox-'));
  try {
    const { access, refresh } = await store.login(USER);
    const { turns } = await engine(chat('a', 'b'), { store: store.url, outbox: join(folder, 'outbox.db') });
    const turn = turns.start({ message: 'hello', userId: USER, createWorkspace: true, accessToken: access, refreshToken: refresh });
    const events = await read(turn);
    assert.deepEqual(await turns.flush(), { delivered: 2, pending: 0, dead: 0 });
    const { messages, workspaces } = await store.stored();
    assert.deepEqual(messages.map(({ message }) => [message.msgId, message.msgContent]), [[turn.messageId, 'hello'], [turn.replyId, 'ab']]);
    assert.equal(events.find(({ type }) => type === 'workspace').workspaceId, workspaces[0].workspaceId);
    assert.ok(existsSync(join(folder, 'outbox.db')));
  } finally {
    store.close();
    rmSync(folder, { recursive: true, maxRetries: 10 });
  }
});

test('a flush waits no longer than it may', async () => {
  const { turns } = await engine({ ...chat('a'), wait_ms_before_headers: 60_000 }, { store: 'http://127.0.0.1:9', onDisconnect: 'finish' });
  const turn = turns.start({ message: 'm', userId: USER, workspaceId: 'w', accessToken: 'a', refreshToken: 'r' });
  const byDefault = turns.flush().then(() => 'the default');
  const began = performance.now();
  const told = turns.flush({ timeout: 50 });
  assert.equal(await Promise.race([byDefault, told.then(() => 'told')]), 'told');
  assert.ok(performance.now() - began > 40);
  assert.equal((await told).pending, 1);
  await assert.rejects(turns.flush({ timeout: -1 }), ConfigError);
  turn.cancel();
});

test('an error of a turn is one of the package', async () => {
  const { turns } = await engine({ status: 401, steps: [{ json: { error: { message: 'wrong key' } } }] });
  await assert.rejects(read(turns.start({ message: 'm' })), (error) => error instanceof TurnwireError && error.errorCode === 'authentication' && error.status === 401);
});

test('bytes of a turn end without an error when the signal aborts: a server whose client is gone goes on', async () => {
  const { model, turns } = await engine([endless(), chat('a')]);
  const aborter = new AbortController();
  const body = Readable.fromWeb(turns.start({ message: 'm' }, { signal: aborter.signal }).sse());
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    aborter.abort();
  }
  assert.ok(bytes > 0);
  await closed(model);
  assert.equal(getEventListeners(aborter.signal, 'abort').length, 0);
  const unread = new AbortController();
  const turn = turns.start({ message: 'm' }, { signal: unread.signal });
  unread.abort();
  assert.equal(await new Response(turn.sse()).text(), '');
});

test('a turn does not show the asynchronous context of its start', async () => {
  const { turns } = await engine(chat('a'), { sentiment: () => 'x' });
  const turn = new AsyncLocalStorage().run({ token: 'very-secret' }, () => turns.start({ message: 'm' }));
  assert.doesNotMatch(inspect([turn, turns], { depth: 9, showHidden: true }) + JSON.stringify([turn, turns]), /very-secret/);
  await read(turn);
});

test('arguments of the wrong kind are refused in words', async () => {
  const { turns } = await engine(chat('a'));
  for (const other of [undefined, null, { apiKey: 'very-secret' }]) {
    assert.throws(() => new Turns(other), { constructor: ConfigError, message: /must be an OpenAI client/ });
  }
  assert.throws(() => turns.start(), InvalidRequestError);
  assert.throws(() => turns.start({ message: 'm' }, { signal: new AbortController() }), { constructor: InvalidRequestError, message: /signal must be an AbortSignal/ });
  assert.equal(await turns.stop(undefined), false);
  assert.throws(() => turns.start({ message: 'm', userId: 5 }), { constructor: InvalidRequestError, message: /userId must be a string/ });
  assert.throws(() => turns.start({ message: 'm', user_id: 'u' }), { constructor: InvalidRequestError, message: /the fields here are message, workspaceId/ });
});

test('a message with half a surrogate pair is sent, as fetch would send it', async () => {
  const { model, turns } = await engine(chat('a'));
  await read(turns.start({ message: '😀'.slice(0, 1) }));
  assert.equal((await said(model)).at(-1).content, '\ufffd');
});

test('settings that JSON cannot hold are refused by their path, and Infinity is no limit of times and sizes alone', () => {
  const store = (http) => ({ store: { baseURL: 'http://127.0.0.1:1', http } });
  for (const [options, message] of [
    [store({ headers: [['a', () => 'very-secret']] }), /^store\.http\.headers\[0\]\[1\] must not be a function$/],
    [{ sentiment: { labels: ['a', NaN] } }, /sentiment\.labels\[1\] must be a string/],
  ]) {
    assert.throws(() => new Turns(client, options), { constructor: ConfigError, message });
  }
  for (const options of [store({ retry: { maxRetries: Infinity } }), ...[Infinity, 10n ** 400n, -(10n ** 400n)].map((messages) => ({ history: { messages } }))]) {
    assert.throws(() => new Turns(client, options), { constructor: ConfigError, message: /(maxRetries|messages) must be a whole number/ });
  }
  new Turns(client, { sentimentBudget: Infinity, history: { wait: Infinity }, ...store({ timeout: Infinity, limits: { event: Infinity }, timeouts: { idle: Infinity } }) });
});

test('a logger gets the log of turns', async () => {
  const lines = [];
  const logger = Object.fromEntries(['error', 'warn', 'info', 'debug'].map((level) => [level, (line) => lines.push(line)]));
  const model = await fake.script({ steps: [{ role: 'assistant' }, { text: 'a' }, { truncate: true }] });
  await assert.rejects(read(new Turns(client.withOptions({ logger }), { model }).start({ message: 'm' })), TruncatedStreamError);
  for (let i = 0; !lines.some((line) => line.includes('a stage of a turn failed')); i += 1) {
    assert.ok(i < 200, lines.join('\n'));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});
