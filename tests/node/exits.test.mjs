/** Each way in which a process or a worker ends, with turns whose messages still wait. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { chat, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

let fake;
let store;
let folder;
before(async () => {
  [fake, store] = await Promise.all([startFake(), startStore()]);
  folder = mkdtempSync(join(tmpdir(), 'exits-'));
});
afterEach(() => store.reset());
after(() => {
  fake.close();
  store.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

let files = 0;

/** A store that refuses every save at first, and the settings of programs with turns over it. */
async function waiting(outbox) {
  await store.workspace('w', USER);
  await store.script({ status: 503 }, 'save');
  const { access, refresh } = await store.login(USER);
  const tokens = { accessToken: access, refreshToken: refresh };
  return { llm: fake.baseURL, store: store.url, outbox, model: await fake.script(chat('안', '녕')), request: { message: 'hi', userId: USER, workspaceId: 'w', ...tokens }, tokens };
}

/** The code of a turn, which is read to its end or, with `isAmid`, to its first event. */
const turn = (settings, isAmid) => `
  const settings = ${JSON.stringify(settings)};
  const client = new OpenAI({ apiKey: 'k', baseURL: settings.llm });
  const turns = new Turns(client, { model: settings.model, store: settings.store, outbox: settings.outbox });
  const turn = turns.start(settings.request);
  const events = turn[Symbol.asyncIterator]();
  while (!(await events.next()).done${isAmid ? ' && false' : ''});
`;

/** Runs a program, and tells how it ended. */
async function run(code) {
  const args = ['--input-type=module', '--eval', `import { ChatStore, OpenAI, Turns } from 'turnwire';\n${code}`];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000, killSignal: 'SIGKILL' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const [exit, signal] = await once(child, 'close');
  return { end: signal ?? exit, ...output };
}

/** A worker, whose code is CommonJS from a string. */
const worker = (code) => new Worker(`
  const { parentPort } = require('node:worker_threads');
  const { ChatStore, OpenAI, Turns } = require(${JSON.stringify(fileURLToPath(new URL('../../bindings-node/dist/index.js', import.meta.url)))});
  (async () => {${code}})();
`, { eval: true });

/** The texts in the store, a row each. */
async function rows() {
  const { messages } = await store.stored();
  return messages.map(({ message }) => message.msgContent).sort();
}

/** The next process on the file: what it delivers. No token is in the file. */
const next = (settings) => run(`
  const store = new ChatStore({ baseURL: '${settings.store}', tokenProvider: () => (${JSON.stringify(settings.tokens)}) });
  const turns = new Turns(new OpenAI({ apiKey: 'k' }), { model: 'm', store, outbox: '${settings.outbox}' });
  console.log(JSON.stringify(await turns.flush({ timeout: 60_000 })));
`);

const ENDS = [
  ['a natural end', '', 0, /^$/],
  ['process.exit', 'process.exit(3);', 3, /^$/],
  ['an uncaught exception', "setImmediate(() => { throw new Error('not caught'); });", 1, /^(?!.*turnwire).*Error: not caught/s],
  ['an unhandled rejection', "Promise.reject(new Error('not handled'));", 1, /^(?!.*turnwire).*Error: not handled/s],
  ['a signal without a handler', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);", 'SIGTERM', /^$/],
];

for (const [name, code, end, says] of ENDS) {
  test(`${name} loses no message of an outbox's file`, async () => {
    const settings = await waiting(join(folder, `${++files}.db`));
    const first = await run(turn(settings) + code);
    assert.deepEqual([first.end, await rows()], [end, []], first.stderr);
    assert.match(first.stderr, says);
    await store.script({ act: 'pass' }, 'save');
    const second = await next(settings);
    assert.deepEqual([second.end, second.stdout], [0, '{"delivered":2,"pending":0,"dead":0}\n'], second.stderr);
    assert.deepEqual(await rows(), ['hi', '안녕']);
  });

  test(`${name} amid a turn loses no message of an outbox's file`, async () => {
    const settings = await waiting(join(folder, `${++files}.db`));
    await fake.script({ steps: [{ role: 'assistant' }, { text: '안' }, { stall: true }] }, settings.model);
    const first = await run(turn(settings, true) + code);
    assert.deepEqual([first.end, await rows()], [end, []], first.stderr);
    assert.match(first.stderr, says);
    await store.script({ act: 'pass' }, 'save');
    const second = await next(settings);
    // A process that ends by itself stores the text so far, as for a reader who leaves.
    const kept = end === 0 ? ['hi', '안'] : ['hi'];
    assert.deepEqual([second.end, second.stdout], [0, `{"delivered":${kept.length},"pending":0,"dead":0}\n`], second.stderr);
    assert.deepEqual(await rows(), kept);
  });

  test(`${name} with an outbox in memory does not wait for ever`, async () => {
    const settings = await waiting();
    const { end: found, stderr } = await run(turn(settings) + code);
    assert.deepEqual([found, await rows()], [end, []], stderr);
    assert.match(stderr, says);
  });
}

test('a natural end delivers what waits in memory', async () => {
  const settings = await waiting({ delivery: { initialBackoff: 1 } });
  await store.script([{ status: 503 }, { act: 'pass' }], 'save');
  const { end, stderr } = await run(turn(settings));
  assert.deepEqual([end, stderr, await rows()], [0, '', ['hi', '안녕']]);
});

for (const [how, end] of [
  ['ends', 'process.exit(0);'],
  ['fails', "throw new Error('not caught');"],
  ['is terminated', "parentPort.postMessage('ready'); setInterval(() => {}, 1000);"],
]) {
  test(`a worker that ${how} while its function has no tokens leaves its messages for the next one`, async () => {
    const settings = await waiting(join(folder, `${++files}.db`));
    await store.script({ act: 'pass' }, 'save');
    const started = ({ tokens, request }, code) => worker(`
      const asked = [];
      const tokenProvider = ({ userId }) => (asked.push(userId), ${tokens});
      const store = new ChatStore({ baseURL: '${settings.store}', tokenProvider });
      const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: '${settings.llm}' }), { model: '${settings.model}', store, outbox: '${settings.outbox}', onDisconnect: 'finish' });
      ${request ? `for await (const _ of turns.start(${JSON.stringify(request)}));` : ''}
      ${code}
    `);
    const { accessToken: _, refreshToken: __, ...request } = settings.request;
    const first = started({ tokens: 'new Promise(() => {})', request }, end);
    const ended = new Promise((resolve) => first.once('exit', resolve));
    first.on('error', () => {});
    first.once('message', () => first.terminate());
    await ended;
    assert.deepEqual(await rows(), []);
    const second = started({ tokens: JSON.stringify(settings.tokens) }, 'parentPort.postMessage({ ...(await turns.flush({ timeout: 60_000 })), asked });');
    const [[report]] = await Promise.all([once(second, 'message'), once(second, 'exit')]);
    assert.deepEqual({ ...report, asked: [...new Set(report.asked)] }, { delivered: 2, pending: 0, dead: 0, asked: [USER] });
    assert.deepEqual(await rows(), ['hi', '안녕']);
  });
}
