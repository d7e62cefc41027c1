/** The outbox on its own and in an engine, besides the cases that every language runs. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { ChatStore, ConfigError, InvalidRequestError, OpenAI, Outbox, OutboxFullError, SqliteStore, StorageError, StoreMessage, Turns, TurnwireError } from 'turnwire';

import { chat, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

let directory;
before(() => (directory = mkdtempSync(join(tmpdir(), 'outbox-'))));
after(() => rmSync(directory, { recursive: true, maxRetries: 10, force: true }));

const program = async (code) => (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', `import { Outbox } from 'turnwire';\n${code}`], { cwd: import.meta.dirname, timeout: 60_000 })).stdout;

test('a sink gets the record, its tokens, and a signal', async () => {
  const got = [];
  const outbox = Outbox.memory({ sink: (record, { signal }) => void got.push([record, signal.aborted]) });
  await outbox.enqueue({ conversation: 'c', id: '1', payload: { a_b: 1 }, userId: USER, accessToken: 'a', refreshToken: 'r' });
  assert.deepEqual(await outbox.flush(), { delivered: 1, pending: 0, dead: 0 });
  const tokens = { accessToken: 'a', refreshToken: 'r' };
  assert.deepEqual(got, [[{ conversation: 'c', id: '1', payload: { a_b: 1 }, userId: USER, tokens }, false]]);
});

test('a sink that throws, or returns something else, is tried again with the reason', async () => {
  const reasons = [];
  const sinks = [
    () => {
      throw new RangeError('no such room');
    },
    async () => 'done',
  ];
  for (const sink of sinks) {
    const outbox = new Outbox(null, { sink, delivery: { initialBackoff: 3_600_000, maxBackoff: 3_600_000 } });
    await outbox.enqueue({ conversation: 'c', id: '1', payload: null });
    let reason;
    while (!(reason = (await outbox.pending())[0].reason)) await outbox.flush({ timeout: 10 });
    reasons.push(reason);
    await outbox.shutdown({ timeout: 0 });
  }
  assert.match(reasons[0], /RangeError: no such room/);
  assert.match(reasons[1], /must return nothing, or \{ outcome, reason, after \}, not string/);
});

test('errors are those of the package', async () => {
  assert.throws(() => new Outbox(null, { sinks: 1 }), ConfigError);
  assert.throws(() => new Outbox(null, { sink: 3 }), { name: 'Error', code: 'config', message: 'sink must be a function, a store or a NatsSink, not number' });
  assert.throws(() => new Outbox(directory), StorageError);
  await assert.rejects(Outbox.memory().enqueue({ conversation: 'c', id: 'i' }), InvalidRequestError);
  await assert.rejects(Outbox.memory().enqueue(), InvalidRequestError);
  const full = Outbox.memory({ limits: { memoryRecords: 1 } });
  await full.enqueue({ conversation: 'c', id: '1', payload: null });
  const refused = full.enqueue({ conversation: 'c', id: '2', payload: null });
  await assert.rejects(refused, (error) => error instanceof OutboxFullError && error instanceof TurnwireError && error.operation === 'outbox.enqueue');
});

test('a record is in the file before the call returns, in the order of the calls', async () => {
  const path = join(directory, 'order.db');
  const outbox = new Outbox(path);
  const calls = [];
  for (let n = 0; n < 50; n += 1) calls.push(outbox.enqueue({ conversation: 'c', id: String(n), payload: null }));
  const found = await new Outbox(path).pending();
  assert.deepEqual(found.map(({ id }) => Number(id)), calls.map((_, n) => n));
  assert.ok((await Promise.all(calls)).every(({ durable, isNew }) => durable && isNew));
});

test('a caller that waits for room does not hold up the sink that makes it', async () => {
  const outbox = Outbox.memory({ limits: { memoryRecords: 1 }, waitWhenFull: 60_000, sink: async () => undefined });
  await Promise.all(['1', '2', '3', '4'].map((id) => outbox.enqueue({ conversation: 'c', id, payload: null })));
  assert.equal((await outbox.flush()).delivered, 4);
});

test('an engine sends through the outbox that it is given', async () => {
  const [fake, store] = await Promise.all([startFake(), startStore()]);
  try {
    const model = await fake.script(chat('안녕'));
    await store.workspace('ws', USER);
    const outbox = new Outbox(join(directory, 'engine.db'));
    const client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
    const turns = new Turns(client, { model, store: store.url, outbox });
    const { access, refresh } = await store.login(USER);
    for await (const _ of turns.start({ message: '안녕하세요', userId: USER, workspaceId: 'ws', accessToken: access, refreshToken: refresh }));
    assert.equal((await turns.flush()).delivered, 2);
    const { accepted, delivered, pending } = await outbox.stats();
    assert.deepEqual([accepted, delivered, pending], [2, 2, 0]);
  } finally {
    fake.close();
    store.close();
  }
});

/** An engine's settings and the fields of its turns, in a workspace that exists. */
async function talking(t) {
  const [fake, store] = await Promise.all([startFake(), startStore()]);
  t.after(() => [fake, store].forEach((server) => server.close()));
  await store.workspace('ws', USER);
  const client = new OpenAI({ baseURL: fake.baseURL, apiKey: 'k' });
  const { access, refresh } = await store.login(USER);
  const fields = { userId: USER, workspaceId: 'ws', accessToken: access, refreshToken: refresh };
  const say = async (turns, message) => {
    for await (const _ of turns.start({ message, ...fields }));
  };
  return { client, model: await fake.script(chat('안녕')), store: store.url, say };
}

test('two engines share an outbox, and each ends alone', async (t) => {
  const { client, model, say, ...rest } = await talking(t);
  const [store, outbox] = [new ChatStore(rest.store), Outbox.memory()];
  const [one, other] = [0, 1].map(() => new Turns(client, { model, store, outbox }));
  await say(one, '하나');
  assert.equal((await one.shutdown()).delivered, 2);
  await assert.rejects(say(one, '하나'), { code: 'config', message: /the turns were shut down/ });
  await say(other, '둘');
  assert.equal((await other.flush()).delivered, 2);
  await outbox.shutdown();
  await assert.rejects(say(other, '둘'), { code: 'config', message: /the outbox of the turns was shut down/ });
});

test('two engines on one file end each with an outbox of its own', async (t) => {
  const { client, model, store, say } = await talking(t);
  const outbox = join(directory, 'shared.db');
  const [one, other] = [0, 1].map(() => new Turns(client, { model, store, outbox }));
  await say(one, '하나');
  assert.equal((await one.shutdown()).delivered, 2);
  await say(other, '둘');
  assert.deepEqual(await other.shutdown(), { delivered: 2, pending: 0, dead: 0 });
  const file = new Outbox(outbox);
  const { pending, dead } = await file.stats();
  assert.deepEqual([pending, dead], [0, 0]);
  await file.shutdown();
});

test('an engine refuses an outbox with a sink of its own', async () => {
  const outbox = Outbox.memory({ sink: () => undefined });
  const store = new SqliteStore(join(directory, 'refused.db'));
  assert.throws(() => new Turns(new OpenAI({ apiKey: 'k' }), { model: 'm', store, outbox }), (error) => error instanceof ConfigError && /a sink of its own/.test(error.message));
  await outbox.shutdown();
});

test('a function that takes too long is named as one', async () => {
  const delivery = { limit: 50, initialBackoff: 3_600_000, maxBackoff: 3_600_000 };
  const outbox = Outbox.memory({ sink: () => new Promise(() => undefined), delivery });
  await outbox.enqueue({ conversation: 'c', id: '1', payload: null });
  let reason;
  while (!(reason = (await outbox.pending())[0].reason)) await outbox.flush({ timeout: 10 });
  assert.equal(reason, 'the function `sink` did not end within 50ms');
  await outbox.shutdown({ timeout: 0 });
});

test('a store is a sink for messages', async () => {
  const store = new SqliteStore(join(directory, 'chat.db'));
  const { id: workspace } = await store.createWorkspace(USER, '첫 대화');
  const message = StoreMessage.fromUser(workspace, USER, '안녕하세요');
  const outbox = Outbox.memory({ sink: store });
  await outbox.enqueue({ message, userId: USER });
  assert.equal((await outbox.flush()).delivered, 1);
  await assert.rejects(outbox.enqueue({ message, conversation: 'another' }), /has its workspace as conversation/);
  await outbox.enqueue({ conversation: workspace, id: '2', payload: { text: 'no message' } });
  assert.equal((await outbox.flush()).dead, 1);
  assert.equal((await outbox.deadLetters())[0].reason, 'its payload is no message');
  assert.deepEqual(await store.history(USER, workspace), [message]);
});

test('at its end a process delivers what waits in memory', async () => {
  const out = await program(`
    const deliver = ({ id }) => new Promise((done) => setTimeout(() => (console.log('delivered', id), done()), 50));
    const outbox = Outbox.memory({ sink: deliver });
    outbox.enqueue({ conversation: 'c', id: '1', payload: null });
    console.log('end');`);
  assert.equal(out, 'end\ndelivered 1\n');
});

test('the end of a process has a deadline, and a file keeps the rest, whatever the end', async () => {
  const ends = ['', 'process.exit(0);', "process.kill(process.pid, 'SIGKILL');", 'throw new Error();'];
  for (const [n, end] of ends.entries()) {
    const path = join(directory, `end-${n}.db`);
    const down = "{ outcome: 'unavailable', reason: 'down', after: 3_600_000 }";
    const code = `new Outbox(${JSON.stringify(path)}, { sink: () => (${down}) }).enqueue({ conversation: 'c', id: '1', payload: null });${end}`;
    // A pause of the machine lengthens a single end.
    const took = [];
    while (took.length < 3 && !(took.at(-1) < 10_000)) {
      const began = performance.now();
      const failed = await program(code).then(() => undefined, (error) => error);
      assert.ok(!failed?.killed, 'it waits for the sink, which is down for an hour');
      took.push(performance.now() - began);
    }
    assert.ok(took.at(-1) < 10_000, `${took} ms`);
    const found = await new Outbox(path).pending();
    assert.deepEqual(found.map(({ id }) => id), ['1'], end);
  }
});

test('an idle outbox keeps no process alive', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', "import { Outbox } from 'turnwire'; globalThis.outbox = Outbox.memory({ sink() {} });"], { cwd: import.meta.dirname });
  const kept = setTimeout(() => child.kill(), 60_000);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  clearTimeout(kept);
});
