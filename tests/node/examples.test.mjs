/** The examples, run as people run them. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chat, endless, startFake } from './fake.mjs';
import { heldPort } from './held-port.mjs';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const folder = join(examples, 'node');
const modules = join(import.meta.dirname, 'node_modules');

let fake;
before(async () => {
  fake = await startFake();
  // As `npm install` does there.
  for (const name of ['turnwire', 'fastify', 'hono', '@hono/node-server']) link('node', name);
  for (const name of ['turnwire', 'express']) link('express', name);
});
after(() => fake.close());

/** Makes a package of the tests' one of an example. */
function link(example, name) {
  const place = join(examples, example, 'node_modules', name);
  mkdirSync(join(place, '..'), { recursive: true });
  if (!existsSync(place)) symlinkSync(join(modules, name), place);
}

function run(args, env = {}, stdin = '') {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['chat.mjs', ...args], { cwd: folder, env: { PATH: process.env.PATH, ...env }, timeout: 60_000 }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
    child.stdin.end(stdin);
  });
}

test('chat answers offline, from an argument and from the standard input', async () => {
  const spoken = await run(['안녕하세요']);
  assert.deepEqual([spoken.code, /안녕하세요/.test(spoken.out)], [0, true], spoken.err);
  const piped = await run(['--no-stream'], {}, '안녕');
  assert.deepEqual([piped.code, /안녕/.test(piped.out)], [0, true], piped.err);
});

test('chat streams from a service', async () => {
  const model = await fake.script([chat('안', '녕'), chat('안', '녕')]);
  const asked = ['--base-url', fake.baseURL, '--model', model, '--system', 's', 'hi'];
  assert.deepEqual(await run(asked), { code: 0, out: '안녕\n', err: '' });
  const lines = (await run(['--json', ...asked])).out.trim().split('\n');
  assert.equal(lines.map((line) => JSON.parse(line).choices[0].delta.content ?? '').join(''), '안녕');
});

test('no model steers the terminal, and what is blank names no service', async () => {
  const model = await fake.script(chat('\u001b[31mred\u0007', '\r\u009b\u202e', '\tline\r\n'));
  assert.equal((await run(['--base-url', fake.baseURL, '--model', model, 'hi'])).out, '\\u001b[31mred\\u0007\\u000d\\u009b\\u202e\tline\n\n');
  const { code, out } = await run(['안녕'], { OPENAI_API_KEY: ' ', OPENAI_BASE_URL: '' });
  assert.deepEqual([code, /안녕/.test(out)], [0, true]);
});

test('chat tells a refusal beside the reply', async () => {
  const said = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: null, refusal: 'no' } };
  const whole = { framing: 'length', steps: [{ json: { id: 'x', object: 'chat.completion', choices: [said] } }] };
  const streamed = { steps: [{ sse: { id: 'x', choices: [{ index: 0, delta: { refusal: 'no' }, finish_reason: 'stop' }] } }, { done: true }] };
  for (const [script, ...options] of [[whole, '--no-stream'], [streamed]]) {
    const model = await fake.script(script);
    assert.deepEqual(await run(['--base-url', fake.baseURL, '--model', model, ...options, 'hi']), { code: 0, out: '\n', err: 'the model refused: no\n' });
  }
});

test('chat keeps what came when it is interrupted', async () => {
  const model = await fake.script({ steps: [{ role: 'assistant' }, { text: 'half' }, { stall: true }] });
  const child = spawn(process.execPath, ['chat.mjs', '--base-url', fake.baseURL, '--model', model, 'hi'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const [data] = await once(child.stdout, 'data');
  child.kill('SIGINT');
  assert.deepEqual([String(data), (await once(child, 'exit'))[0]], ['half', 130]);
});

test('chat tells what went wrong in one line', async () => {
  const { code, err } = await run(['--base-url', 'http://127.0.0.1:9/v1', '--timeout', '5', 'hi']);
  assert.deepEqual([code, /refused/.test(err), err.trim().split('\n').length], [1, true, 1]);
  assert.equal((await run(['--nope'])).code, 2);
  assert.equal((await run([' '])).code, 2);
});

/** Starts a server of the examples, on a port of its own. */
async function serve(example, args, env) {
  const port = await heldPort();
  const files = mkdtempSync(join(tmpdir(), 'turnwire-example-'));
  const child = spawn(process.execPath, args, {
    cwd: join(examples, example),
    env: { PATH: process.env.PATH, NEXT_TELEMETRY_DISABLED: '1', PORT: port, CHAT_FOLDER: files, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes(`:${port}`)) continue;
    child.stdout.resume();
    const close = async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
      rmSync(files, { recursive: true });
    };
    return { url: `http://localhost:${port}`, close, said: () => said };
  }
  throw new Error(`${example}/${args} ended: ${said}`);
}

const post = (url, json, signal) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(json), signal });

async function textOf(response) {
  const events = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json));
  return events.map(({ content, delta }) => content ?? delta ?? '').join('');
}

/** The conversation of a page with a server: a whole turn, one that the reader leaves in a silence, and a stop. */
async function converse(url, model) {
  const said = { message: '안녕하세요', createWorkspace: true };
  const whole = await post(`${url}/chat/stream`, said);
  assert.deepEqual([whole.status, whole.headers.get('content-encoding')], [200, null]);
  assert.equal(await textOf(whole), '안녕');
  const ui = await post(`${url}/chat/ui`, { id: 'c', trigger: 'submit-message', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: '안녕하세요' }] }] });
  assert.equal(await textOf(ui), '안녕');
  assert.equal((await post(`${url}/chat/stream`, {})).status, 400);
  assert.equal((await post(`${url}/chat/stop`, { turnId: 'none' })).status, 204);

  const aborter = new AbortController();
  const { body } = await post(`${url}/chat/stream`, said, aborter.signal);
  let text = '';
  for await (const piece of body.values({ preventCancel: true })) if ((text += Buffer.from(piece)).includes('반')) break;
  aborter.abort();
  const left = async () => (await fake.requests(model)).map(({ outcome }) => outcome).includes('client_closed');
  for (const end = Date.now() + 60_000; !(await left()); ) assert.ok(Date.now() < end, 'the stream goes on');
}

const half = { steps: [{ role: 'assistant' }, { text: '반' }, { stall: true }] };
const named = { framing: 'length', steps: [{ json: { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: '인사' } }] } }] };

async function model() {
  const name = await fake.script([chat('안', '녕'), chat('안', '녕'), half]);
  await fake.script(named, `${name} whole`);
  return name;
}

/** Starts a server without settings: a small service in it answers, and its embedded store keeps the conversation. */
async function answersOffline(example, args) {
  const server = await serve(example, args, {});
  try {
    const first = await post(`${server.url}/chat/stream`, { message: '안녕하세요', createWorkspace: true });
    const [, workspaceId] = (await first.clone().text()).match(/"workspaceId": "([^"]+)"/);
    assert.match(await textOf(first), /^저는 모델이 아니라.*안녕하세요/);
    const second = await post(`${server.url}/chat`, { message: '또 봐요', workspaceId });
    const { reply, ...rest } = await second.json();
    assert.deepEqual([second.status, rest.workspaceId], [200, workspaceId]);
    assert.match(reply, /또 봐요/);
    assert.equal((await post(`${server.url}/chat`, { message: '안녕', workspaceId: 'another' })).status, 404);
  } finally {
    await server.close();
    assert.match(server.said(), /^offline: .*\n$/);
  }
}

for (const [example, file] of [['node', 'server.mjs'], ['node', 'fastify.mjs'], ['node', 'hono.mjs'], ['express', 'server.mjs']]) {
  test(`${example}/${file} answers without settings`, () => answersOffline(example, [file]));

  test(`${example}/${file} is a chat service`, async () => {
    const name = await model();
    const origins = ['https://a.example', 'https://b.example', 'https://c.example'];
    const env = { OPENAI_MODEL: name, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: fake.baseURL, ORIGINS: `${origins[0]}, ${origins[1]} ${origins[2]}` };
    const server = await serve(example, [file], env);
    try {
      await converse(server.url, name);
      for (const origin of origins) {
        const { headers } = await fetch(`${server.url}/chat`, { method: 'OPTIONS', headers: { origin } });
        assert.equal(headers.get('access-control-allow-origin'), origin);
      }
      // Without a login, it has no other address.
      await assert.rejects(fetch(server.url.replace('localhost', '127.0.0.2')));
      if (example !== 'express') return;
      await fake.script(chat('안', '녕'), name);
      assert.equal(await textOf(await post(`${server.url}/ask`, { message: '안녕' })), '안녕');
    } finally {
      await server.close();
      assert.equal(server.said(), '');
    }
  });
}

test('next is a chat page and its service', async () => {
  for (const name of ['next', 'react', 'react-dom', 'ai', '@ai-sdk/react', 'zod', 'typescript', '@types/node', '@types/react']) link('next', name);
  // A copy, as from the registry: Next leaves only those out of its bundles that are in node_modules.
  const place = join(examples, 'next/node_modules/turnwire');
  rmSync(place, { recursive: true, force: true });
  const own = join(examples, '../bindings-node');
  for (const name of readdirSync(own).filter((name) => /^(package\.json|dist|.*\.d\.ts|.*\.node)$/.test(name))) cpSync(join(own, name), join(place, name), { recursive: true });
  const next = 'node_modules/next/dist/bin/next';
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CHAT_FOLDER: mkdtempSync(join(tmpdir(), 'turnwire-example-')) };
  const built = await new Promise((resolve) => execFile(process.execPath, [next, 'build'], { cwd: join(examples, 'next'), env }, (error, out, err) => resolve({ error, out, err })));
  assert.equal(built.error, null, built.out + built.err);

  await answersOffline('next', [next, 'start']);
  const name = await model();
  const server = await serve('next', [next, 'start'], { OPENAI_MODEL: name, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: fake.baseURL });
  try {
    assert.match(await (await fetch(server.url)).text(), /<form>/);
    await converse(server.url, name);
  } finally {
    await server.close();
  }
});
