/** Speakers, and the cutter of sentences. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { APIUserAbortError, ChatService, GoogleTranslateSpeaker, OpenAI, OpenAISpeaker, SentenceCutter, ServiceSpeaker, Speech, Turns } from 'turnwire';

import { chat, startChat, startFake } from './fake.mjs';
import { list, says } from './voices.mjs';

let fake;
let service;
let client;
before(async () => {
  fake = await startFake();
  service = await startChat();
  client = new OpenAI({ apiKey: 'sk-test', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => {
  fake.close();
  service.close();
});

const pass = { act: 'pass' };

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

test('a cutter takes any length', () => {
  for (const longest of [undefined, null, 0, 20n, 2 ** 40]) new SentenceCutter({ longest });
});

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
