/** Outboxes over a NATS broker: what a sink publishes, couriers deliver; with the package and its extra as they are installed. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

import { startStore } from './fake.mjs';
import { testNumbers } from './numbers.mjs';
import { binary, installedWithNats, own, platform } from './packed.mjs';

const place = await installedWithNats();
const { resolve } = createRequire(join(place, 'index.js'));
const turnwire = createRequire(import.meta.url)(resolve('turnwire'));
const { ChatStore, ConfigError, Courier, InvalidRequestError, NatsSink, Outbox, StoreMessage } = turnwire;

const USER = '0b1e55ed-0000-4000-8000-000000000001';
const WORKSPACE = '0b1e55ed-0000-4000-8000-000000000002';

let folder;
let server;
let url;
let store;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'turnwire-nats-'));
  server = spawn('nats-server', ['-js', '-a', '127.0.0.1', '-p', '-1', '-sd', folder, '--ports_file_dir', folder], { stdio: 'ignore' });
  let ended;
  server.once('error', (error) => (ended = `there is no nats-server: \`cargo xtask test node\` installs it (${error.message})`));
  server.once('exit', (code) => (ended ??= `nats-server ended with ${code}`));
  await until(() => {
    if (ended) throw new Error(ended);
    const ports = join(folder, `nats-server_${server.pid}.ports`);
    const text = existsSync(ports) ? readFileSync(ports, 'utf8').trim() : '';
    if (text.endsWith('}')) [url] = JSON.parse(text).nats;
    return url;
  });
  store = await startStore();
});
after(() => {
  server.kill('SIGKILL');
  store.close();
  rmSync(folder, { recursive: true, maxRetries: 10, force: true });
});

/** Waits for a condition. */
async function until(holds, ms = 60_000) {
  for (const end = Date.now() + ms; ; ) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error('it did not come so');
    await pause(10);
  }
}

let streams = 0;
/** The settings of a stream of the test's own. */
const settings = () => ({ stream: `node-${++streams}`, partitions: 4 });

/** Publishes records, and waits until the broker has them. */
async function published(options, ...records) {
  const outbox = Outbox.memory({ sink: new NatsSink(url, options) });
  for (const record of records) await outbox.enqueue(record);
  const { delivered } = await outbox.shutdown({ timeout: 60_000 });
  assert.equal(delivered, records.length);
}

test('a record reaches the store once, and a courier can run again', async () => {
  await store.workspace(WORKSPACE, USER);
  const { access: accessToken, refresh: refreshToken } = await store.login(USER);
  const asked = new Set();
  const tokenProvider = ({ userId }) => {
    asked.add(userId);
    return { accessToken, refreshToken };
  };
  const options = settings();
  const courier = new Courier(url, new ChatStore(store.url), { ...options, tokenProvider });
  const outbox = new Outbox(join(folder, 'outbox.db'), { sink: new NatsSink(url, options) });
  const messages = ['하나', '둘'].map((text) => StoreMessage.fromUser(WORKSPACE, USER, text));
  for (const [at, message] of messages.entries()) {
    await outbox.enqueue({ message, userId: USER });
    assert.equal((await outbox.flush({ timeout: 60_000 })).pending, 0);
    assert.equal((await courier.stats()).pending, 1);
    const aborter = new AbortController();
    const running = courier.run({ signal: aborter.signal });
    await until(async () => (await courier.stats()).deliveredHere === at + 1);
    assert.ok(courier.isReady);
    if (at === 0) aborter.abort();
    else courier.stop();
    await running;
    assert.ok(!courier.isReady);
  }
  await outbox.shutdown();
  const stored = await store.stored();
  assert.deepEqual(
    stored.messages.map(({ message }) => message.msgId),
    messages.map(({ id }) => id),
  );
  assert.equal(stored.sessions.reduce((sum, session) => sum + session.sessionMessageCount, 0), 2);
  assert.deepEqual([...asked], [USER]);
  assert.deepEqual(await courier.pending(), []);
});

test('a dead letter is seen, and requeued or discarded', async () => {
  const options = settings();
  const delivered = [];
  let refuses = true;
  const sink = ({ id, userId, payload }) => {
    if (refuses) return { outcome: 'dead', reason: 'no such chat' };
    delivered.push({ id, userId, payload });
  };
  const payload = { some_text: '…' };
  await published(options, ...['a', 'b'].map((id) => ({ conversation: 'chat', id, payload, userId: USER })));
  const courier = new Courier(url, sink, options);
  const running = courier.run();
  await until(async () => (await courier.stats()).dead === 2);
  const [first] = await courier.deadLetters();
  const { id, conversation, userId, reason } = first;
  assert.deepEqual({ id, conversation, userId, reason, payload: first.payload }, { id: 'a', conversation: 'chat', userId: USER, reason: 'no such chat', payload });
  assert.ok(first.acceptedAt <= first.diedAt);
  refuses = false;
  assert.deepEqual([await courier.requeue('a'), await courier.requeue('a')], [true, false]);
  assert.deepEqual([await courier.discard('b'), await courier.discard('b')], [true, false]);
  await until(() => delivered.length > 0);
  courier.stop();
  await running;
  assert.deepEqual(delivered, [{ id: 'a', userId: USER, payload }]);
  assert.deepEqual(await courier.stats(), { pending: 0, parked: 0, dead: 0, deliveredHere: 1, deadHere: 2, isBreakerOpen: false });
});

test('a courier that is stopped ends with what is in flight', async () => {
  const options = settings();
  await published(options, { conversation: 'chat', id: 'a', payload: {} });
  let begun;
  let goOn;
  const begins = new Promise((resolve) => (begun = resolve));
  const goes = new Promise((resolve) => (goOn = resolve));
  const courier = new Courier(url, () => (begun(), goes), options);
  assert.deepEqual((await courier.pending()).map(({ id, state }) => [id, state]), [['a', 'queued']]);
  const running = courier.run();
  await begins;
  courier.stop();
  goOn();
  await running;
  const { pending, deliveredHere } = await courier.stats();
  assert.deepEqual({ pending, deliveredHere }, { pending: 0, deliveredHere: 1 });
});

test('a stream with other settings is refused in words', async () => {
  const options = settings();
  await new Courier(url, () => {}, options).stats();
  const other = new Courier(url, () => {}, { ...options, partitions: 8 });
  for (const call of [() => other.run(), () => other.stats()]) {
    await assert.rejects(call, (error) => error instanceof ConfigError && /in 4 partitions.*in 8 partitions/.test(error.message));
  }
});

test('wrong settings are refused, and no secret shows', async () => {
  const secret = 'hunter2';
  const sink = new NatsSink(`nats://app:${secret}@localhost:4222`);
  const courier = new Courier(`nats://app:${secret}@localhost:4222`, () => {});
  for (const value of [sink, courier]) {
    assert.ok(!inspect(value, { depth: null, showHidden: true }).includes(secret) && !JSON.stringify(value).includes(secret));
  }
  for (const [call, why] of [
    [() => new NatsSink(`http://${secret}@h`), /nats:\/\//],
    [() => new NatsSink(`nats://a:${secret}@h`, { token: secret }), /leave one out/],
    [() => new NatsSink('nats://h', { user: secret }), /user and password belong together/],
    [() => new NatsSink('nats://h', { partition: 3 }), /partition is no setting/],
    [() => new Courier('nats://h', null), /sink must be a function or a store, not null/],
    [() => new Courier('nats://h', new ChatStore('http://localhost:1')), /token provider/],
    [() => new Courier('nats://h', () => {}, { delivery: { limits: 3 } }), /delivery\.limits is no setting/],
    [() => new Outbox(null, { sink: {} }), /sink must be a function, a store or a NatsSink/],
  ]) {
    assert.throws(call, (error) => error instanceof ConfigError && why.test(error.message) && !error.message.includes(secret), String(why));
  }
  await assert.rejects(courier.run({ signal: 'now' }), InvalidRequestError);
});

test('the command shows file and stream together', async () => {
  const options = settings();
  await published(options, { conversation: 'chat', id: 'd1', payload: {} });
  const courier = new Courier(url, () => ({ outcome: 'dead', reason: 'no such chat' }), options);
  const running = courier.run();
  await until(async () => (await courier.stats()).dead === 1);
  courier.stop();
  await running;
  const outbox = new Outbox(join(folder, 'command.db'));
  await outbox.enqueue({ conversation: 'chat', id: 'p1', payload: {} });
  await outbox.shutdown({ timeout: 0 });
  const manifest = resolve('turnwire/package.json');
  const bin = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.turnwire);
  const run = (...words) => {
    const args = [bin, 'outbox', ...words, '--nats', url, '--stream', options.stream, '--file', 'command.db'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, stdout);
    return stdout;
  };
  const lines = (text) => text.trim().split('\n').map((line) => JSON.parse(line));
  const [file, stream] = lines(run('status', '--json'));
  assert.deepEqual([file.file, file.pending, file.dead], ['command.db', 1, 0]);
  assert.deepEqual(stream, { stream: options.stream, pending: 0, parked: 0, dead: 1 });
  const [pending, dead] = [...lines(run('pending', '--json')), ...lines(run('dead', '--json'))];
  assert.deepEqual([pending.id, pending.place, dead.id, dead.place], ['p1', 'command.db', 'd1', `stream ${options.stream}`]);
  assert.equal(run('discard', 'd1'), 'd1: discarded\n');
  assert.equal((await courier.stats()).dead, 0);
});

testNumbers(turnwire, (object) => object === 'nats');

test('the process has one native part, that of the extra', () => {
  createRequire(import.meta.url)(resolve('turnwire/testing'));
  const parts = process.report.getReport().sharedObjects.filter((file) => file.includes('turnwire'));
  assert.deepEqual(parts, [realpathSync(join(place, 'node_modules', `turnwire-nats-${platform}`, binary))]);
});

test('bundled by esbuild, with the native parts beside it, the extra is taken along', async () => {
  const { build } = createRequire(join(own, 'package.json'))('esbuild');
  const elsewhere = mkdtempSync(join(tmpdir(), 'turnwire-bundle-'));
  after(() => rmSync(elsewhere, { recursive: true }));
  const outfile = join(elsewhere, 'out.cjs');
  const contents = "import { NatsSink } from 'turnwire';\nconsole.log(typeof new NatsSink('nats://localhost:9'));";
  await build({ stdin: { contents, resolveDir: place }, bundle: true, platform: 'node', format: 'cjs', loader: { '.node': 'copy' }, logLevel: 'silent', outfile });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { cwd: elsewhere, encoding: 'utf8' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'object\n', stderr: '' });
});
