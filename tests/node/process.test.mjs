/** Processes, workers and garbage: what is left open, and what keeps a process alive. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { chat, endless, messages, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';

let fake;
before(async () => {
  fake = await startFake();
});
after(() => fake.close());

const start = () => `
  import { OpenAI } from 'turnwire';
  const client = new OpenAI({ apiKey: 'k', baseURL: '${fake.baseURL}' });
  const messages = ${JSON.stringify(messages)};
  const open = (model) => client.chat.completions.create({ model, messages, stream: true });
  async function read(model) {
    let text = '';
    for await (const chunk of await open(model)) text += chunk.choices[0]?.delta?.content ?? '';
    return text;
  }
`;

/** Runs a program with a client, and tells how it ended: `ms` after its last output, in which a pause of the machine is a moment. */
function run(program, ...flags) {
  const args = [...flags, '--input-type=module', '--eval', start() + program];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  let ms = 0;
  const clock = setInterval(() => (ms += 10), 10);
  child.stdout.on('data', (data) => {
    out += data;
    ms = 0;
  });
  child.stderr.on('data', (data) => (err += data));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`it did not end: ${out} ${err}`));
    }, 60_000);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      clearInterval(clock);
      resolve({ code, signal, out: out.trim(), err, ms });
    });
  });
}

test('an idle client keeps no process alive, also after a stream', async () => {
  assert.equal((await run('')).code, 0);
  const model = await fake.script(chat('a', 'b'));
  const { code, out, ms } = await run(`console.log(await read('${model}'));`);
  assert.deepEqual([code, out], [0, 'ab']);
  assert.ok(ms < 3000, `${ms} ms`);
});

test('an idle client leaves no handle, before and after its calls, as test runners look for them', async () => {
  const model = await fake.script([chat('a'), chat('b')]);
  // As Jest's --detectOpenHandles: resources that were created and not destroyed, apart from those known to be harmless.
  const program = `
    const { createHook } = await import('node:async_hooks');
    const handles = new Map();
    const harmless = /PROMISE|TickObject|RANDOMBYTES|Immediate|TTYWRAP|PIPEWRAP|SIGNALWRAP/;
    createHook({
      init: (id, type, _, resource) => harmless.test(type) || handles.set(id, { type, resource: new WeakRef(resource) }),
      destroy: (id) => handles.delete(id),
    }).enable();
    const left = () => [...handles.values()].filter(({ resource }) => resource.deref()?.hasRef?.() ?? true).map(({ type }) => type).join();
    const look = () => new Promise((resolve) => setTimeout(() => setImmediate(() => resolve(left())), 100));
    const idle = async () => {
      let found;
      for (let tries = 0; tries < 30 && (found = await look()); tries += 1);
      return found;
    };
    // A copy that is loaded while it is looked at.
    const require = (await import('node:module')).createRequire(process.cwd() + '/');
    delete require.cache[require.resolve('turnwire')];
    const Own = require('turnwire');
    const before = await idle();
    const own = new Own({ apiKey: 'k', baseURL: '${fake.baseURL}' });
    const made = await idle();
    for await (const _ of await own.chat.completions.create({ model: '${model}', messages, stream: true }));
    await own.models.list();
    console.log(JSON.stringify([before, made, await idle()]));
  `;
  const { out, err } = await run(program);
  assert.deepEqual([out, err], ['["","",""]', '']);
});

test('an engine with a function keeps no process alive, also after a turn', async () => {
  const model = await fake.script(chat('a'));
  const program = `
    const { Turns } = await import('turnwire');
    const turns = new Turns(client, { model: '${model}', sentimentBudget: 10_000, sentiment: async () => (await new Promise((r) => setTimeout(r, 50)), 'joy') });
  `;
  assert.equal((await run(program)).code, 0);
  const { code, out, ms } = await run(`${program} for await (const { type } of turns.start({ message: 'm' })) console.log(type);`);
  assert.deepEqual([code, out], [0, 'content\ndone']);
  assert.ok(ms < 3000, `${ms} ms`);
});

test('a stream that is read keeps the process alive until its end', async () => {
  const model = await fake.script({ steps: [{ role: 'assistant' }, { wait_ms: 700 }, { text: 'late' }, { finish: 'stop' }, { done: true }] });
  const { code, out } = await run(`read('${model}').then(console.log);`);
  assert.deepEqual([code, out], [0, 'late']);
});

test('a stream that nobody reads any more keeps no process alive', async () => {
  const model = await fake.script(endless());
  const { code, signal } = await run(`const i = (await open('${model}'))[Symbol.asyncIterator](); await i.next();`);
  assert.deepEqual([code, signal], [0, null]);
  await fake.until(model, (request) => request.outcome === 'client_closed');
});

for (const [how, program, expected] of [
  ['process.exit', 'process.exit(3)', 3],
  ['an uncaught error', "setTimeout(() => { throw new Error('uncaught') }, 1)", 1],
  ['a signal', "process.kill(process.pid, 'SIGTERM')", 'SIGTERM'],
]) {
  for (const [state, before] of [
    ['a call that waits', "open(WAITING).catch(() => {}); await new Promise((r) => setTimeout(r, 50));"],
    ['a stream that is read', "const i = (await open(ENDLESS))[Symbol.asyncIterator](); await i.next(); (async () => { for (;;) await i.next(); })();"],
    ['a stream that is idle', "const i = (await open(ENDLESS))[Symbol.asyncIterator](); await i.next();"],
  ]) {
    test(`${how} amid ${state} ends the process cleanly`, async () => {
      const names = { WAITING: await fake.script({ ...chat('a'), wait_ms_before_headers: 60_000 }), ENDLESS: await fake.script(endless()) };
      const text = before.replace(/WAITING|ENDLESS/, (name) => JSON.stringify(names[name]));
      const { code, signal, err } = await run(`${text}\n${program}`);
      assert.equal(signal ?? code, expected, err);
    });
  }
}

/** Code that waits until the listeners to `signal` and the requests of these models are gone, but for one that may still be on the stack. */
const released = (models) => `
    const { getEventListeners } = await import('node:events');
    const running = async () => (await (await fetch('${fake.url}/_fake/requests')).json()).filter((r) => ${JSON.stringify(models)}.includes(r.model) && r.outcome === null);
    for (let tries = 0; ; tries += 1) {
      gc();
      await new Promise((r) => setTimeout(r, 20));
      const left = [getEventListeners(signal, 'abort').length, (await running()).length];
      if (left.every((count) => count <= 1)) break;
      if (tries === 1000) throw new Error(left.join(' listeners and ') + ' requests are left');
    }
`;

test('abandoned streams close their connections', async () => {
  const models = await Promise.all(Array.from({ length: 20 }, () => fake.script(endless())));
  const { code, err } = await run(
    `
    const { signal } = new AbortController();
    async function abandon(model) {
      const stream = await client.chat.completions.create({ model, messages, stream: true }, { signal });
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
    }
    for (const model of ${JSON.stringify(models)}) await abandon(model);
    ${released(models)}
    `,
    '--expose-gc',
  );
  assert.equal(code, 0, err);
});

test('turns that nobody reads any more, and engines that are gone, leave nothing', async () => {
  const models = await Promise.all(Array.from({ length: 20 }, () => fake.script(endless())));
  const { code, err } = await run(
    `
    const { Turns } = await import('turnwire');
    const { signal } = new AbortController();
    async function abandon(model) {
      const turns = new Turns(client, { model, sentimentBudget: 1, sentiment: () => 'x' });
      const events = turns.start({ message: 'm' }, { signal })[Symbol.asyncIterator]();
      await events.next();
    }
    for (const model of ${JSON.stringify(models)}) await abandon(model);
    ${released(models)}
    `,
    '--expose-gc',
  );
  assert.equal(code, 0, err);
});

test('functions that hang are released when nobody waits for them', async () => {
  const model = await fake.script(chat('a'));
  const { code, out, err } = await run(
    `
    const { Turns } = await import('turnwire');
    const signals = [];
    const sentiment = (_, { signal }) => (signals.push(new WeakRef(signal)), new Promise(() => signal.addEventListener('abort', () => {})));
    const turns = new Turns(client, { model: '${model}', sentimentBudget: 1, sentiment });
    // A turn that ends before the event loop has its turn does not call it.
    while (signals.length < 30) for await (const _ of turns.start({ message: 'm' }));
    // The target of a reference lives until the code that asked for it waits.
    const left = () => signals.filter((signal) => signal.deref()).length;
    for (let tries = 0; tries < 1000 && left() > 1; tries += 1) {
      await new Promise((r) => setTimeout(r, 20));
      gc();
    }
    console.log(left() <= 1);
    `,
    '--expose-gc',
  );
  assert.deepEqual([code, out, err], [0, 'true', '']);
});

// A worker's code runs as CommonJS from a string: there the import is dynamic.
const cjs = (program) => new Worker(`(async () => { ${start().replace("import { OpenAI } from 'turnwire'", `const { OpenAI } = require(${JSON.stringify(new URL('../../bindings-node/dist/index.js', import.meta.url).pathname)})`)} ${program} })()`, { eval: true });

test('streams work in workers, each with its own reader', async () => {
  const texts = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const model = await fake.script(chat('in worker ', `${i}`));
      const worker = cjs(`require('node:worker_threads').parentPort.postMessage(await read('${model}'));`);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const text = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      assert.equal(await ended, 0);
      return text;
    }),
  );
  assert.deepEqual(texts, Array.from({ length: 8 }, (_, i) => `in worker ${i}`));
});

test('turns work in workers, each with functions of its own', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const model = await fake.script(chat('a'));
      const worker = cjs(`
        const { Turns } = require(${JSON.stringify(new URL('../../bindings-node/dist/index.js', import.meta.url).pathname)});
        const turns = new Turns(client, { model: '${model}', sentimentEvents: true, sentimentBudget: 10_000, sentiment: async (text) => text + ' in ${i}' });
        const events = [];
        for await (const event of turns.start({ message: 'asked' })) events.push(event);
        require('node:worker_threads').parentPort.postMessage(events);
      `);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const events = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      assert.equal(await ended, 0);
      return events;
    }),
  );
  assert.deepEqual(answers, Array.from({ length: 8 }, (_, i) => [{ type: 'sentiment', label: `asked in ${i}` }, { type: 'content', content: 'a' }, { type: 'done' }]));
});

test('workers that are terminated amid a turn and its function leave it', async () => {
  const models = await Promise.all(Array.from({ length: 10 }, () => fake.script(endless(1))));
  const workers = models.map((model) => cjs(`
    const { Turns } = require(${JSON.stringify(new URL('../../bindings-node/dist/index.js', import.meta.url).pathname)});
    const turns = new Turns(client, { model: '${model}', sentimentBudget: 1, sentiment: () => new Promise(() => {}) });
    for await (const _ of turns.start({ message: 'm' }));
  `));
  await Promise.all(models.map((model) => fake.until(model, (request) => request.bytes_written > 2000)));
  await Promise.all(workers.map((worker) => worker.terminate()));
  await Promise.all(models.map((model) => fake.until(model, (request) => request.outcome === 'client_closed')));
});

test('a turn that waits for a function of a terminated worker goes on without it', async () => {
  const store = await startStore();
  try {
    const { access, refresh } = await store.login(USER);
    await store.workspace('w', USER);
    const model = await fake.script(chat('reply'));
    const worker = cjs(`
      const { Turns } = require(${JSON.stringify(new URL('../../bindings-node/dist/index.js', import.meta.url).pathname)});
      const asked = () => (require('node:worker_threads').parentPort.postMessage('asked'), new Promise(() => {}));
      const turns = new Turns(client, { model: '${model}', store: '${store.url}', onDisconnect: 'finish', sentimentBudget: Infinity, sentimentHint: '{label}', sentiment: asked });
      for await (const _ of turns.start({ message: 'm', userId: '${USER}', workspaceId: 'w', accessToken: '${access}', refreshToken: '${refresh}' }));
    `);
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    // Without a label, the reply is asked for and read to its end.
    await fake.until(model, ({ outcome }) => outcome === 'complete');
  } finally {
    store.close();
  }
});

test('40 workers that are terminated amid their streams close their connections', async () => {
  for (let round = 0; round < 4; round += 1) {
    const models = await Promise.all(Array.from({ length: 10 }, () => fake.script(endless(1))));
    const workers = models.map((model) => cjs(`await read('${model}');`));
    await Promise.all(models.map((model) => fake.until(model, (request) => request.bytes_written > 2000)));
    await Promise.all(workers.map((worker) => worker.terminate()));
    await Promise.all(models.map((model) => fake.until(model, (request) => request.outcome === 'client_closed')));
  }
});
