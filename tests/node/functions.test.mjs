/** Functions of the program as parts of an engine: speakers, and what becomes of their failures. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, before, test } from 'node:test';

import { CallbackError, ConfigError, OpenAI, Turns } from 'turnwire';

import { chat, startFake } from './fake.mjs';

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

const speakerOf = (speaker, options) => new Turns(client, { model: 'm', speaker, ...options });
const bytes = (text) => new TextEncoder().encode(text);
const text = (audio) => new TextDecoder().decode(audio);

async function read(turn) {
  const events = [];
  for await (const event of turn) events.push(event);
  return events;
}

const speakers = {
  bytes: ({ text }) => bytes(text),
  buffer: ({ text }) => bytes(text).buffer,
  promise: async ({ text }) => bytes(text),
  list: ({ text }) => [...text].map(bytes),
  *generator({ text }) { for (const letter of text) yield bytes(letter); },
  async *asyncGenerator({ text }) { for (const letter of text) yield bytes(letter); },
  stream: ({ text }) => new Blob([text]).stream(),
  response: ({ text }) => new Response(text),
  typed: ({ text }) => ({ audio: [bytes(text)], mediaType: 'audio/x-own' }),
};
for (const [kind, speaker] of Object.entries(speakers)) {
  test(`a speaker may return audio as ${kind}`, async () => {
    assert.equal(text(await speakerOf(speaker).speak('안녕하세요')), '안녕하세요');
  });
}

test('a speaker gets the options of speech, and its audio is events of the turn', async () => {
  const model = await fake.script(chat('One. ', 'Two.'));
  const asked = [];
  const speaker = async function* (request) {
    asked.push(request);
    yield bytes('RIFF');
    yield bytes(request.text);
  };
  const speech = { voice: 'nova', speed: 1.5, language: 'en', instructions: 'softly', format: 'wav' };
  const events = await read(speakerOf(speaker, { model, speech, speechMode: 'streaming' }).start({ message: 'm' }));
  const audio = events.filter(({ type }) => type === 'audio');
  assert.deepEqual(audio.map(({ seq, mime, audioBase64, text }) => [seq, mime, atob(audioBase64), text]), [
    [0, 'audio/wav', 'RIFFOne.', 'One.'],
    [1, 'audio/wav', 'RIFFTwo.', 'Two.'],
  ]);
  assert.deepEqual(asked[0], { text: 'One.', ...speech });
  assert.equal(events.at(-1).type, 'done');
});

test('a media type that the function tells is that of the audio', async () => {
  const model = await fake.script(chat('One.'));
  const events = await read(speakerOf(speakers.typed, { model, speechMode: 'after_text' }).start({ message: 'm' }));
  assert.deepEqual(events.filter(({ type }) => type === 'audio').map(({ mime }) => mime), ['audio/x-own']);
});

test('a speaker that fails rejects speak() with the exception as the cause, and breaks no turn', async () => {
  const own = new RangeError('no voice');
  const failures = [
    [() => { throw own; }, /RangeError: no voice/, own],
    [() => Promise.reject(own), /RangeError: no voice/, own],
    [async function* () { yield bytes('a'); throw own; }, /RangeError: no voice/, own],
    [() => 'no bytes', /must return bytes, .*, not string/],
    [() => ['no bytes'], /must be bytes, not string/],
    [() => new Response('no', { status: 500 }), /status 500/],
  ];
  for (const [speaker, message, cause] of failures) {
    const turns = speakerOf(speaker, { speech: { retries: 0 } });
    await assert.rejects(turns.speak('One.'), (error) => {
      assert.ok(error instanceof CallbackError && error.errorCode === 'callback', error.stack);
      assert.match(error.message, message);
      if (cause) assert.equal(error.cause, cause);
      return true;
    });
    const model = await fake.script(chat('One.'));
    const turn = speakerOf(speaker, { model, speech: { retries: 0 }, speechMode: 'streaming' }).start({ message: 'm' });
    assert.deepEqual((await read(turn)).map(({ type }) => type), ['content', 'done']);
    assert.equal(turn.timeline().stages.find(({ name }) => name === 'speech').outcome, 'failed');
  }
});

test('a speaker runs in the asynchronous context of its caller, and learns that nobody listens any more', async () => {
  const request = new AsyncLocalStorage();
  let seen;
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const speaker = async function* (_, { signal }) {
    seen = request.getStore();
    try {
      yield bytes('a');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield bytes('b');
    } finally {
      left();
    }
  };
  const turns = speakerOf(speaker);
  const aborter = new AbortController();
  const spoken = request.run('somebody', () => turns.speak('One.', { signal: aborter.signal }));
  for (let i = 0; seen === undefined; i += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  aborter.abort();
  await assert.rejects(spoken);
  const late = setTimeout(() => {}, 60_000);
  await gone;
  clearTimeout(late);
  assert.equal(seen, 'somebody');
});

test('an endless speaker waits for its listener', async () => {
  let pieces = 0;
  const speaker = function* () {
    for (;;) {
      pieces += 1;
      yield new Uint8Array(1 << 20);
    }
  };
  await assert.rejects(speakerOf(speaker, { speech: { retries: 0 } }).speak('One.'), { errorCode: 'too_large' });
  assert.ok(pieces < 100, `${pieces} MiB`);
});

test('an engine without a speaker refuses to speak', async () => {
  await assert.rejects(new Turns(client, { model: 'm' }).speak('One.'), ConfigError);
});

test('shutdown() starts no turn any more', async () => {
  const turns = new Turns(client, { model: 'm' });
  assert.deepEqual(await turns.shutdown(), { delivered: 0, pending: 0, dead: 0 });
  assert.throws(() => turns.start({ message: 'm' }), { errorCode: 'config' });
});
