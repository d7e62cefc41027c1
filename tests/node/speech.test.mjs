/** Speech: speakers, texts that are spoken sentence by sentence, the cutter of sentences, and `client.audio.speech`. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import * as openai from 'openai';
import * as turnwire from 'turnwire';
import { APIUserAbortError, ChatService, GoogleTranslateSpeaker, OpenAI, OpenAISpeaker, SentenceCutter, ServiceSpeaker, Speech, Turns, TruncatedStreamError } from 'turnwire';

import { chat, messages, startChat, startFake } from './fake.mjs';

let fake;
let service;
let client;
let folder;
before(async () => {
  fake = await startFake();
  service = await startChat();
  client = new OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
  folder = mkdtempSync(join(tmpdir(), 'turnwire-'));
});
after(() => {
  fake.close();
  service.close();
  rmSync(folder, { recursive: true });
});

const HEAD = Buffer.from([0xff, 0xf3, 0x84, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const pass = { act: 'pass' };

/** The text in the audio of the fakes. */
function says(audio) {
  const mp3 = Buffer.from(audio);
  const texts = [];
  for (let at = 0; at < mp3.length; at += 192) {
    const frame = mp3.subarray(at, at + 192);
    assert.deepEqual(frame.subarray(0, HEAD.length), HEAD);
    const data = frame.subarray(HEAD.length);
    if (data.subarray(0, 5).toString() === 'says:') texts.push(data.subarray(5, data.indexOf(0, 5) < 0 ? undefined : data.indexOf(0, 5)));
  }
  return Buffer.concat(texts).toString();
}

/** A speaker whose audio is the text. */
const echo = ({ text }) => ({ audio: Buffer.from(text), mediaType: 'audio/pcm' });

const list = async (pieces) => {
  const found = [];
  for await (const piece of pieces) found.push(piece);
  return found;
};
const texts = async (pieces) => (await list(pieces)).map(({ text }) => text);

/* Sentences */

for (const file of ['sentences', 'marks']) {
  const cases = JSON.parse(readFileSync(new URL(`../vectors/speech/${file}.json`, import.meta.url)));
  test(`sentences are cut as in core: ${file}.json`, () => {
    assert.ok(cases.length > 5);
    for (const { name, text, sentences } of cases) {
      const cutter = new SentenceCutter();
      assert.deepEqual([...cutter.push(text), ...cutter.finish()], sentences, name);
      assert.deepEqual([...[...text].flatMap((letter) => cutter.push(letter)), ...cutter.finish()], sentences, name);
    }
  });
}

test('a sentence is there as soon as it is whole', () => {
  const cutter = new SentenceCutter({ longest: 20 });
  assert.deepEqual(cutter.push('안녕하세요.'), []);
  assert.deepEqual(cutter.push(' '), ['안녕하세요.']);
  assert.deepEqual(cutter.push('가'.repeat(30)), ['가'.repeat(20)]);
  assert.deepEqual(cutter.finish(), ['가'.repeat(10)]);
});

/* Speakers */

test('Google Translate speaks', async () => {
  const speaker = new GoogleTranslateSpeaker('ko', { slow: true, baseURL: fake.url, http: { timeout: 5000 } });
  assert.equal(says(await speaker.speak('안녕하세요')), '안녕하세요');
  assert.equal(says(await speaker.speak('반가워요', { language: 'en', speed: 1 })), '반가워요');
  const asked = (await fake.requests()).filter(({ path }) => path.endsWith('batchexecute')).map(({ body }) => body);
  assert.match(asked.at(-2), /ko%5C%22%2Ctrue/);
  assert.match(asked.at(-1), /en%5C%22%2Cnull/);
  await assert.rejects(speaker.speak('hi', { voice: 'nova' }), /does not support a choice of voice/);
  await assert.rejects(speaker.speak('hi', { pitch: 2 }), /pitch is no option; the options here are text/);
  assert.throws(() => new GoogleTranslateSpeaker('ko', { speed: 2 }), /speed is no setting/);
  await assert.rejects(speaker.speak('hi', { signal: AbortSignal.abort() }), APIUserAbortError);
});

test('a service like OpenAI speaks, with a client, its settings, or the environment', async () => {
  const model = await fake.script(pass);
  const speaker = new OpenAISpeaker({ client: client.withOptions({ defaultHeaders: { 'x-team': 'red' } }), model, voice: 'nova' });
  assert.equal(says(await speaker.speak('안녕', { instructions: '천천히' })), '안녕');
  const own = new OpenAISpeaker({ client: { baseURL: fake.baseURL, apiKey: 'sk-other' }, model, format: 'pcm', extra: { seed: 7 } });
  assert.ok((await own.speak('a')).length > 0);
  assert.throws(() => new OpenAISpeaker(), /API key/);
  Object.assign(process.env, { OPENAI_API_KEY: 'sk-environment', OPENAI_BASE_URL: fake.baseURL });
  try {
    await new OpenAISpeaker({ model }).speak('hi');
  } finally {
    delete process.env.OPENAI_API_KEY;
    delete process.env.OPENAI_BASE_URL;
  }
  const [first, second, third] = (await fake.requests(model)).map(({ headers, body }) => ({ ...JSON.parse(body), headers: Object.fromEntries(headers) }));
  const { headers, ...body } = first;
  assert.deepEqual(body, { model, input: '안녕', voice: 'nova', response_format: 'mp3', instructions: '천천히' });
  assert.equal(headers['x-team'], 'red');
  assert.equal(headers.authorization, 'Bearer sk-test');
  assert.deepEqual([second.seed, second.headers.authorization], [7, 'Bearer sk-other']);
  assert.equal(third.headers.authorization, 'Bearer sk-environment');
  const keyless = new OpenAI({ apiKey: () => 'k', baseURL: fake.baseURL });
  assert.throws(() => new OpenAISpeaker({ client: keyless }), /speakers need a client whose apiKey is a string/);
});

test('a chat service speaks', async () => {
  const settings = { baseURL: service.url, accessToken: 'a', refreshToken: 'r' };
  for (const given of [new ChatService(settings), settings]) assert.equal(says(await new ServiceSpeaker(given).speak('안녕')), '안녕');
});

test('a speaker speaks the turns of an engine', async () => {
  const model = await fake.script(chat('하나요. 둘이요.'));
  const turns = new Turns(client, { model, speaker: new OpenAISpeaker({ client, model: 'voice' }), speechMode: 'streaming', speech: { inFlight: 1 } });
  const events = (await list(turns.start({ message: 'hello' }))).filter(({ type }) => type === 'audio');
  assert.deepEqual(events.map(({ seq, text, audioBase64, audio }) => [seq, text, says(audio ?? Buffer.from(audioBase64, 'base64'))]), [
    [0, '하나요.', '하나요.'],
    [1, '둘이요.', '둘이요.'],
  ]);
  assert.throws(() => new Speech('google'), /a speaker must be a Speaker of this package, or a function/);
});

/* Texts that grow */

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
  assert.ok(error instanceof turnwire.BadRequestError);
  const stopped = (await speech({ onFailure: 'stop' })).speak('하나요. 둘이요. 셋이요.');
  assert.equal((await stopped.next()).value.seq, 0);
  await assert.rejects(stopped.next(), turnwire.BadRequestError);
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
  const out = execFileSync(process.execPath, ['-e', program], { cwd: import.meta.dirname, timeout: 20_000, encoding: 'utf8' });
  assert.equal(out, '0\n');
});

/* client.audio.speech */

const audio = Buffer.from(Array.from({ length: 10_000 }, (_, at) => at % 251));
const asked = (model, more) => ({ model, voice: 'alloy', input: '안녕하세요', ...more });

/** Makes a call with both packages, and gives what came of it, which is the same. */
async function same(scripts, call) {
  const results = [];
  for (const library of [turnwire, openai]) {
    const model = await fake.script(scripts);
    const client = new library.OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
    const result = await call(client, model, library);
    results.push(result);
  }
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

test('requests for speech are alike', async () => {
  const sent = await same(pass, async (client, model) => {
    await client.audio.speech.create(asked(model, { voice: { id: 'v' }, response_format: 'wav', speed: 1.25, instructions: '천천히', seed: 4 }), { headers: { 'x-a': '1' }, query: { q: 'a b' } });
    await client.audio.speech.create(asked(model), { headers: { Accept: 'audio/mpeg' } });
    return (await fake.requests(model)).map(({ path, query, body, headers }) => {
      const { accept, authorization, 'content-type': type, 'x-a': own } = Object.fromEntries(headers);
      return { path, query: query?.replace('+', '%20'), body: body.replace(model, 'm'), accept, authorization, type, own };
    });
  });
  assert.equal(sent[0].accept, 'application/octet-stream');
});

test('responses with speech are alike', async () => {
  const script = { headers: [['content-type', 'audio/x-own'], ['x-request-id', 'req_1']], steps: [{ send_hex: audio.toString('hex') }] };
  const seen = await same(script, async (client, model) => {
    const create = () => client.audio.speech.create(asked(model));
    const response = await create();
    const { data, response: same, request_id } = await create().withResponse();
    const raw = await create().asResponse();
    const streamed = await create();
    const pieces = await list(streamed.body);
    return {
      whole: Buffer.from(await response.arrayBuffer()),
      bodyUsed: response.bodyUsed,
      kind: [response.constructor.name, response.status, response.ok, response.url, response.headers.get('content-type')],
      blob: (await data.blob()).size,
      isSame: data === same,
      request_id,
      raw: Buffer.from(await raw.arrayBuffer()),
      pieces: Buffer.concat(pieces),
    };
  });
  assert.deepEqual(seen.whole, audio);
});

test('errors of speech are alike', async () => {
  const error = { message: 'no such voice', type: 't', code: 'c', param: 'voice' };
  for (const status of [400, 401, 404, 422, 429, 500]) {
    await same({ status, framing: 'length', steps: [{ json: { error } }] }, async (client, model, library) => {
      const thrown = await client.audio.speech.create(asked(model)).catch((error) => error);
      assert.ok(thrown instanceof library.APIError);
      return [thrown.constructor.name, thrown.message, thrown.status, thrown.code, thrown.param, thrown.error];
    });
  }
});

test('bytes are handed on as they arrive, and leaving closes the connection', async () => {
  const model = await fake.script({ steps: [{ send_hex: '010203' }, { stall: true }] });
  const response = await client.audio.speech.create(asked(model));
  for await (const piece of response.body) {
    assert.deepEqual([...piece], [1, 2, 3]);
    break;
  }
  await fake.until(model, ({ outcome }) => outcome === 'client_closed');
});

test('a signal ends the audio, and a silent service is an error', async () => {
  const silent = { steps: [{ send_hex: '010203' }, { stall: true }] };
  const aborter = new AbortController();
  const response = await client.audio.speech.create(asked(await fake.script(silent)), { signal: aborter.signal });
  setImmediate(() => aborter.abort());
  await assert.rejects(response.arrayBuffer());
  const slow = await client.audio.speech.create(asked(await fake.script(silent)), { timeout: 200 });
  await assert.rejects(slow.arrayBuffer(), turnwire.APIConnectionTimeoutError);
  const broken = await client.audio.speech.create(asked(await fake.script({ steps: [{ send_hex: '010203' }, { truncate: true }] })));
  await assert.rejects(broken.arrayBuffer(), turnwire.APIConnectionError);
});

test('a key that a function returns is sent with speech', async () => {
  const model = await fake.script(pass);
  const asking = new OpenAI({ apiKey: async () => 'sk-asked', baseURL: fake.baseURL });
  await (await asking.audio.speech.create(asked(model))).arrayBuffer();
  assert.equal(Object.fromEntries((await fake.requests(model))[0].headers).authorization, 'Bearer sk-asked');
  assert.throws(() => client.audio.transcriptions.create({}), /client\.audio\.transcriptions/);
});
