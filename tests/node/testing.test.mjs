/** `turnwire/testing`: the fakes as users have them, in this process, with node:test and with vitest. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { promisify, inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { APIConnectionError, APIConnectionTimeoutError, BadRequestError, OpenAI, RateLimitError, TruncatedStreamError, Turns } from 'turnwire';
import { FakeLlm, FakeStore } from 'turnwire/testing';

const exec = promisify(execFile);

let llm;
let store;
beforeEach(() => {
  llm = new FakeLlm();
  store = new FakeStore();
});
afterEach(() => {
  llm.close();
  store.close();
});

const client = (settings) => new OpenAI({ baseURL: llm.baseURL, apiKey: 'k', maxRetries: 0, ...settings });
const open = (client) => client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true });

async function read(client) {
  let text = '';
  for await (const chunk of await open(client)) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

test('replies come in the order of the queue, and the last one stays', async () => {
  llm.fail(429, 'slow down', { 'retry-after': '0' });
  llm.reply('안', '녕');
  assert.equal(await read(client({ maxRetries: 1 })), '안녕');
  assert.equal(await read(client()), '안녕');
  const [first] = llm.requests;
  assert.deepEqual([first.method, first.path, first.query, first.json.model], ['POST', '/v1/chat/completions', null, 'm']);
  assert.equal(first.headers.authorization, 'Bearer k');
  assert.equal(llm.requests.length, 3);
});

test('a program that does not stream gets the same reply', async () => {
  llm.reply('안', '녕');
  llm.truncate('half');
  const create = () => client().chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
  assert.equal((await create()).choices[0].message.content, '안녕');
  await assert.rejects(create(), APIConnectionError);
});

test('a list of models takes no reply', async () => {
  llm.reply('안', '녕');
  assert.ok((await client().models.list()).data.length > 0);
  assert.equal(await read(client()), '안녕');
});

test('a reply that is queued later is the next', async () => {
  llm.fail(400, 'broken');
  await assert.rejects(read(client()), BadRequestError);
  llm.reply('again');
  assert.equal(await read(client()), 'again');
});

test('the name of a workspace takes no reply from a turn', async () => {
  llm.reply('first');
  llm.reply('second');
  const userId = randomUUID();
  const turns = new Turns(client(), { model: 'm', store: store.url });
  let reply = '';
  for await (const event of turns.start({ message: 'hi', userId, createWorkspace: true, ...store.login(userId) })) {
    if (event.type === 'content') reply += event.content;
  }
  assert.equal((await turns.flush()).dead, 0);
  assert.equal(reply, 'first');
  assert.equal(llm.requests.length, 2);
  await turns.shutdown();
});

test('without a script the model answers, and a reset forgets', async () => {
  llm.fail(500, 'broken');
  llm.reset();
  assert.notEqual(await read(client()), '');
  assert.equal(llm.requests.length, 1);
});

test('pieces may come with a delay', async () => {
  llm.reply('a', 'b', { delay: 40 });
  const began = performance.now();
  assert.equal(await read(client()), 'ab');
  assert.ok(performance.now() - began >= 80);
});

for (const [way, kind] of [['truncate', TruncatedStreamError], ['breakOff', APIConnectionError]]) {
  test(`a reply ends too early: ${way}`, async () => {
    llm[way]('half');
    await assert.rejects(read(client()), (error) => error instanceof kind && error.partial === 'half');
  });
}

test('a reply falls silent, and the client leaves', async () => {
  llm.stall('a');
  await assert.rejects(read(client({ timeout: 500 })), APIConnectionTimeoutError);
  const [request] = await llm.waitFor((requests) => requests.at(-1).outcome === 'client_closed');
  assert.equal(request.method, 'POST');
  await assert.rejects(llm.waitFor((requests) => requests.at(-1).outcome === 'complete', { timeout: 0 }), /not as wished after 0 ms: .*client_closed/s);
});

test('an error is the service\'s, and a script that is none is refused', async () => {
  llm.fail(400, 'no such model');
  await assert.rejects(read(client()), (error) => error instanceof BadRequestError && /no such model/.test(error.message));
  assert.throws(() => llm.script({ stepps: [] }), /not a script: unknown field `stepps`/);
});

test('a script has every step, for all requests or those of a model', async () => {
  const done = [{ finish: 'stop' }, { usage: [1, 2] }, { done: true }];
  const body = [{ comment: 'ping' }, { role: 'assistant' }, { sendHex: '0a' }, { send: '\n' }, { text: '안' }, { waitMs: 1 }, { repeat: { times: 2, steps: [{ text: '녕' }] } }, ...done];
  llm.script([{ status: 503, headers: [['retry-after', '0']] }, { waitMsBeforeHeaders: 1, split: 3, splitWaitMs: 0, coalesce: 1, keepAlive: false, framing: 'close', steps: body }]);
  llm.script({ status: 429 }, 'another');
  assert.equal(await read(client({ maxRetries: 1 })), '안녕녕');
  await assert.rejects(client().chat.completions.create({ model: 'another', messages: [] }), RateLimitError);
});

test('no secret is shown with a request', async () => {
  await read(client({ apiKey: 'sk-secret' }));
  assert.ok(!inspect(llm.requests, { depth: 9 }).includes('sk-secret') && !JSON.stringify(llm.requests).includes('sk-secret'));
  assert.equal(llm.requests[0].headers.authorization, 'Bearer sk-secret');
  await assert.rejects(llm.waitFor(() => false, { timeout: 0 }), (error) => !error.message.includes('sk-secret'));
});

test('the store keeps what it is told, and its tokens expire', async () => {
  llm.reply('안녕');
  const userId = randomUUID();
  const workspaceId = store.addWorkspace(userId);
  const turns = new Turns(client(), { model: 'm', store: store.url });
  const tokens = store.login(userId);
  store.advance(3600 * 1000);
  for await (const _ of turns.start({ message: 'hi', userId, workspaceId, ...tokens }));
  assert.equal((await turns.flush()).dead, 0);
  assert.deepEqual(store.messages(workspaceId).map(({ msgContent }) => msgContent), ['hi', '안녕']);
  assert.deepEqual(store.messages(randomUUID()), []);
  // The access token had expired, and was reissued once.
  assert.equal(store.requests.filter(({ path }) => path === '/reissue').length, 1);
  await turns.shutdown();
});

test('a call of the store fails, and works again', async () => {
  const userId = randomUUID();
  const workspaceId = store.addWorkspace(userId, 'a workspace');
  assert.equal(workspaceId, 'a workspace');
  store.fail('save', 503, 'starting');
  store.work('save');
  llm.reply('a');
  const turns = new Turns(client(), { model: 'm', store: store.url });
  for await (const _ of turns.start({ message: 'hi', userId, workspaceId, ...store.login(userId, { accessLife: 60_000 }) }));
  await turns.shutdown();
  assert.equal(store.messages(workspaceId).length, 2);
  assert.ok(store.requests.some(({ path, outcome }) => path.endsWith('/save') && outcome === 'complete'));
});

test('a closed service is gone, also at the end of a block, and closes twice', async () => {
  const { url } = llm;
  llm.close();
  llm.close();
  store[Symbol.dispose]();
  for (const gone of [url, store.url]) {
    const probe = createConnection(Number(new URL(gone).port), '127.0.0.1');
    const outcome = await new Promise((resolve) => probe.once('connect', resolve).once('error', resolve));
    assert.equal(outcome?.code, 'ECONNREFUSED');
  }
  assert.throws(() => llm.requests, /the fake service is closed/);
});

test('nothing else loads it, and it keeps no process or worker alive', async () => {
  const program = `
    import 'turnwire';
    import { createRequire } from 'node:module';
    const { cache } = createRequire(import.meta.url);
    if (Object.keys(cache).some((file) => /testing\\.js$/.test(file))) throw new Error('it is loaded');
    const { FakeLlm } = await import('turnwire/testing');
    const { reply } = new FakeLlm();
    console.log(typeof reply);
  `;
  const { stdout } = await exec(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname, timeout: 60_000 });
  assert.equal(stdout, 'function\n');
  const worker = new Worker("const { FakeLlm } = require('turnwire/testing'); new FakeLlm().reply('a');", { eval: true });
  assert.equal(await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject)), 0);
});

test('both ways of loading have the same classes', () => {
  assert.equal(createRequire(import.meta.url)('turnwire/testing').FakeLlm, FakeLlm);
});

const VITEST = `
import { OpenAI, TruncatedStreamError } from 'turnwire';
import { FakeLlm } from 'turnwire/testing';
import { expect, test as plain, vi } from 'vitest';

const test = plain.extend<{ fakeLlm: FakeLlm }>({
  fakeLlm: async ({}, use) => {
    await using fakeLlm = new FakeLlm();
    await use(fakeLlm);
  },
});
const create = ({ baseURL }: FakeLlm) => new OpenAI({ baseURL, apiKey: 'test', maxRetries: 0 }).chat.completions.create({ model: 'm', messages: [], stream: true });

test('a reply that breaks off', async ({ fakeLlm }) => {
  fakeLlm.truncate('half of');
  const stream = await create(fakeLlm);
  const read = async () => { for await (const _ of stream); };
  await expect(read()).rejects.toThrow(TruncatedStreamError);
});

test('fake timers do not hold it up', async ({ fakeLlm }) => {
  vi.useFakeTimers();
  fakeLlm.stall('a');
  const stream = await create(fakeLlm);
  await stream[Symbol.asyncIterator]().next();
  stream.controller.abort();
  await fakeLlm.waitFor(([request]) => request?.outcome === 'client_closed');
  vi.useRealTimers();
});
`;

for (const pool of ['forks', 'threads']) {
  test(`it works in vitest, with its pool of ${pool}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'turnwire-vitest-'));
    try {
      mkdirSync(join(folder, 'node_modules'));
      for (const name of ['turnwire', 'vitest']) symlinkSync(join(import.meta.dirname, 'node_modules', name), join(folder, 'node_modules', name));
      writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
      writeFileSync(join(folder, 'reply.test.ts'), VITEST);
      const vitest = join(import.meta.dirname, 'node_modules/vitest/vitest.mjs');
      const done = await exec(process.execPath, [vitest, 'run', '--pool', pool, '--testTimeout', '60000'], { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, timeout: 150_000 }).catch((error) => error);
      assert.match(done.stdout, /Tests {2}2 passed/, `${done.stdout}${done.stderr}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
