/** Texts that are spoken sentence by sentence. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { BadRequestError, OpenAI, OpenAISpeaker, Speech, TruncatedStreamError, Turns } from 'turnwire';

import { chat, messages, startFake } from './fake.mjs';
import { echo, list, says } from './voices.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

const folder = mkdtempSync(join(tmpdir(), 'turnwire-'));
after(() => rmSync(folder, { recursive: true }));

const pass = { act: 'pass' };
const texts = async (pieces) => (await list(pieces)).map(({ text }) => text);

test('a text is spoken sentence by sentence, in order', async () => {
  const model = await fake.script([{ ...pass, wait_ms_before_headers: 80 }, pass]);
  const spoken = new Speech(new OpenAISpeaker({ client, model }), { inFlight: 3 }).speak('하나요. 둘이요. 셋이요.');
  const pieces = await list(spoken);
  assert.deepEqual(
    pieces.map(({ audio, ...piece }) => ({ ...piece, audio: says(audio) })),
    ['하나요.', '둘이요.', '셋이요.'].map((text, seq) => ({ seq, text, mime: 'audio/mpeg', sentence: seq, audio: text })),
  );
  assert.deepEqual(spoken.failures, []);
});

test('a sentence is spoken while the next one is being written', async () => {
  let heard;
  const isHeard = new Promise((resolve) => (heard = resolve));
  async function* text() {
    yield '하나';
    yield '요. 둘';
    await isHeard;
    yield '이요.';
  }
  const found = [];
  for await (const { text: sentence } of new Speech(echo).speak(text())) {
    found.push(sentence);
    heard();
  }
  assert.deepEqual(found, ['하나요.', '둘이요.']);
});

test('replies, turns and lists are spoken', async () => {
  const model = await fake.script(chat('안녕하세요. ', '반가', '워요.'));
  const speech = new Speech(echo);
  const expected = ['안녕하세요.', '반가워요.'];
  assert.deepEqual(await texts(speech.speak(await client.chat.completions.create({ model, messages, stream: true }))), expected);
  assert.deepEqual(await texts(speech.speak(client.chat.completions.stream({ model, messages }))), expected);
  assert.deepEqual(await texts(speech.speak(new Turns(client, { model }).start({ message: 'hello' }))), expected);
  assert.deepEqual(await texts(speech.speak(['하나', '요.'])), ['하나요.']);
  await assert.rejects(list(speech.speak([1])), /strings, chunks or events, not number/);
  await assert.rejects(list(speech.speak(5)), /a string or an iterable, not number/);
});

test('leaving the loop, or aborting, ends the requests and the reply', async () => {
  const endless = { steps: [{ repeat: { times: 1e6, steps: [{ text: '문장이요. ' }, { wait_ms: 5 }] } }] };
  const isGone = ({ outcome }) => outcome === 'client_closed';
  for (const how of ['left', 'aborted']) {
    const model = await fake.script(endless);
    const voice = await fake.script([pass, { steps: [{ stall: true }] }]);
    const reply = await client.chat.completions.create({ model, messages, stream: true });
    const aborter = new AbortController();
    for await (const { seq } of new Speech(new OpenAISpeaker({ client, model: voice })).speak(reply, { signal: aborter.signal })) {
      assert.equal(seq, 0);
      while ((await fake.requests(voice)).length < 2) await sleep(5);
      if (how === 'left') break;
      setImmediate(() => aborter.abort());
    }
    await fake.until(model, isGone);
    while (!isGone((await fake.requests(voice)).at(-1))) await sleep(5);
  }
});

test('leaving while the text is silent closes it', async () => {
  let closed;
  const isClosed = new Promise((resolve) => (closed = resolve));
  const text = {
    calls: 0,
    [Symbol.asyncIterator]: () => text,
    next: () => (text.calls++ === 0 ? Promise.resolve({ value: '하나요. 둘', done: false }) : new Promise(() => {})),
    return: async () => {
      closed();
      return { value: undefined, done: true };
    },
  };
  const spoken = new Speech(echo).speak(text);
  assert.equal((await spoken.next()).value.text, '하나요.');
  const next = spoken.next();
  await spoken.return();
  assert.deepEqual(await next, { value: undefined, done: true });
  await isClosed;
});

test('the text is read no further than it is spoken', async () => {
  let read = 0;
  async function* text() {
    for (;;) {
      read += 1;
      yield '문장이요. '.repeat(10);
    }
  }
  const spoken = new Speech(() => Buffer.alloc(64 * 1024)).speak(text());
  await spoken.next();
  for (let last = -1; last !== read; await sleep(300)) last = read;
  // 16 KiB of text wait in the feed, and 64 sentences in the pipeline.
  assert.ok(read < 500, `${read}`);
  const before = read;
  for (let pieces = 0; pieces < 3000; pieces += 1) await spoken.next();
  assert.ok(read > before);
  await spoken.return();
});

test('an exception of the text is thrown after the sentences before it', async () => {
  const error = new RangeError('gone');
  async function* text() {
    yield '하나요. 둘';
    throw error;
  }
  const spoken = new Speech(echo).speak(text());
  assert.equal((await spoken.next()).value.text, '하나요.');
  await assert.rejects(spoken.next(), (thrown) => thrown === error);
  assert.deepEqual(await spoken.next(), { value: undefined, done: true });
  const model = await fake.script({ steps: [{ text: '하나요. 둘' }, { truncate: true }] });
  const broken = new Speech(echo).speak(await client.chat.completions.create({ model, messages, stream: true }));
  assert.equal((await broken.next()).value.text, '하나요.');
  await assert.rejects(broken.next(), (thrown) => thrown instanceof TruncatedStreamError && thrown.partial === '하나요. 둘');
});

test('of a text that breaks the complete sentences are heard', async () => {
  const cases = JSON.parse(readFileSync(new URL('../vectors/speech/broken.json', import.meta.url)));
  for (const { name, pieces, heard } of cases) {
    const error = new RangeError('gone');
    const text = function* () {
      yield* pieces;
      throw error;
    };
    const found = [];
    await assert.rejects(async () => {
      for await (const piece of new Speech(echo).speak(text())) found.push(piece.text);
    }, (thrown) => thrown === error, name);
    assert.deepEqual(found, heard, name);
  }
});

test('sentences that fail are left out, and known', async () => {
  const refusal = { status: 400, framing: 'length', steps: [{ json: { error: { message: 'too long' } } }] };
  const speech = async (settings) => new Speech(new OpenAISpeaker({ client, model: await fake.script([pass, refusal, pass]) }), { inFlight: 1, ...settings });
  const spoken = (await speech()).speak('하나요. 둘이요. 셋이요.');
  assert.deepEqual(
    (await list(spoken)).map(({ seq, sentence, text }) => [seq, sentence, text]),
    [
      [0, 0, '하나요.'],
      [1, 2, '셋이요.'],
    ],
  );
  const [{ error, ...failed }] = spoken.failures;
  assert.deepEqual(failed, { sentence: 1, text: '둘이요.' });
  assert.ok(error instanceof BadRequestError);
  const stopped = (await speech({ onFailure: 'stop' })).speak('하나요. 둘이요. 셋이요.');
  assert.equal((await stopped.next()).value.seq, 0);
  await assert.rejects(stopped.next(), BadRequestError);
});

test('a speech is one file', async () => {
  const speech = new Speech(new OpenAISpeaker({ client, model: 'voice' }));
  const body = speech.speak(['하나요. ', '둘이요.']).joined();
  assert.equal(says(await new Response(body).arrayBuffer()), '하나요.둘이요.');
  const path = join(folder, 'speech.mp3');
  const size = await speech.speak('하나요. 둘이요.').writeToFile(path);
  assert.equal(says(readFileSync(path)), '하나요.둘이요.');
  assert.equal(readFileSync(path).length, size);
  const spoken = speech.speak('하나요.');
  await spoken.joined().cancel();
  await assert.rejects(spoken.next(), /spoken once/);
  async function* text() {
    yield '하나요. ';
    throw new RangeError('gone');
  }
  await assert.rejects(speech.speak(text()).writeToFile(path), RangeError);
  await assert.rejects(new Response(speech.speak(text()).joined()).arrayBuffer(), RangeError);
  assert.equal(says(readFileSync(path)), '하나요.둘이요.');
});

test('a function that speaks runs in the context of the call', async () => {
  const where = new AsyncLocalStorage();
  const seen = [];
  const speech = new Speech((request) => {
    seen.push(where.getStore());
    return echo(request);
  });
  const spoken = where.run('here', () => speech.speak('하나요.'));
  await where.run('elsewhere', () => list(spoken));
  assert.deepEqual(seen, ['here']);
});

test('a speech that nobody reads keeps no process alive', () => {
  const program = `
    const { Speech } = require('turnwire');
    async function* text() { for (;;) yield '문장이요. '; }
    const spoken = new Speech(() => Buffer.alloc(65536)).speak(text());
    spoken.next().then(({ value }) => console.log(value.seq));
    setTimeout(() => spoken, 500);
  `;
  const out = execFileSync(process.execPath, ['-e', program], { cwd: import.meta.dirname, timeout: 60_000, encoding: 'utf8' });
  assert.equal(out, '0\n');
});
