/** The examples, run as people run them. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chat, endless, startFake } from './fake.mjs';

const folder = fileURLToPath(new URL('../../examples/node', import.meta.url));

let fake;
before(async () => {
  fake = await startFake();
  // As `npm install` does there.
  const modules = `${folder}/node_modules`;
  mkdirSync(modules, { recursive: true });
  if (!existsSync(`${modules}/turnwire`)) symlinkSync('../../../bindings-node', `${modules}/turnwire`);
});
after(() => fake.close());

function run(args, env = {}, stdin = '') {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['chat.mjs', ...args], { cwd: folder, env: { PATH: process.env.PATH, ...env } }, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
    child.stdin.end(stdin);
  });
}

test('chat answers offline, from an argument and from the standard input', async () => {
  const began = performance.now();
  const spoken = await run(['안녕하세요']);
  assert.ok(performance.now() - began < 4000, 'the offline service keeps the process');
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

test('the server streams, and ends the stream when its reader leaves', async () => {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  const model = await fake.script([chat('안', '녕'), endless()]);
  const child = spawn(process.execPath, ['server.mjs'], { cwd: folder, env: { ...process.env, PORT: port, MODEL: model, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: fake.baseURL }, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  try {
    const ask = (onData) => new Promise((resolve, reject) => {
      const request = http.request({ port, method: 'POST', path: '/chat/stream', agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (data) => {
          text += data;
          onData?.(request, text);
        });
        response.on('close', () => resolve(text));
      });
      request.on('error', reject).end('{"message":"hi"}');
    });
    const whole = await ask();
    assert.equal([...whole.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json).content ?? '').join(''), '안녕');
    await ask((request, text) => text.length > 200 && request.destroy()).catch(() => {});
    const end = Date.now() + 2000;
    while ((await fake.requests(model)).at(-1).outcome !== 'client_closed') assert.ok(Date.now() < end, 'the stream goes on');
  } finally {
    child.kill();
  }
});
