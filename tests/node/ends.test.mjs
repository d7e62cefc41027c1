/** Queues whose objects are gone, or whose process ends, and arguments that are none. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { ChatStore, InvalidRequestError, OpenAI, OpenAISpeaker, Outbox, SentenceCutter, Speech, SqliteStore, Turns } from 'turnwire';

const program = async (code) => {
  const options = ['--expose-gc', '--input-type=module', '-e', `import { Outbox } from 'turnwire';\n${code}`];
  return (await promisify(execFile)(process.execPath, options, { cwd: import.meta.dirname, timeout: 60_000 })).stdout;
};

test('an outbox that is collected delivers what waits', async () => {
  const out = await program(`
    let tries = 0;
    // The process lives on by itself, so that no delivery at its end takes the place of this one.
    const alive = setInterval(() => {}, 1000);
    (() => void Outbox.memory({ sink: async () => {
      if (++tries === 1) return { outcome: 'retry', reason: 'later', after: 300 };
      console.log('delivered');
      clearInterval(alive);
    } }).enqueue({ conversation: 'c', id: '1', payload: 1 }))();
    for (let n = 0; n < 10; n += 1) { await new Promise((r) => setTimeout(r, 20)); gc(); }`);
  assert.equal(out, 'delivered\n');
});

test('each end of the work delivers what was queued since the last one', async () => {
  const out = await program(`
    const queue = (id) => Outbox.memory({ sink: async () => { await new Promise((r) => setTimeout(r, 50).unref()); console.log(id); } });
    const queues = [queue('first'), queue('second')];
    queues[0].enqueue({ conversation: 'c', id: '1', payload: 1 });
    process.once('beforeExit', () => setTimeout(() => queues[1].enqueue({ conversation: 'c', id: '2', payload: 1 }), 300));`);
  assert.equal(out, 'first\nsecond\n');
});

test('an argument that is missing, or is no JSON, is an invalid request', async () => {
  await assert.rejects(async () => new SqliteStore(join(mkdtempSync(join(tmpdir(), 'ends-')), 'store.db')).history(undefined, 'w'), InvalidRequestError);
  await assert.rejects(Outbox.memory().enqueue({ conversation: 'c', id: '1', payload: 5n }), (thrown) => thrown instanceof InvalidRequestError && thrown.operation === 'outbox.enqueue');
  const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9' }));
  const cycle = { message: 'x' };
  cycle.history = [cycle];
  assert.throws(() => turns.start(cycle), InvalidRequestError);
});

test('a part of a wrong kind is refused with what is allowed', () => {
  const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9' });
  for (const [options, why] of [
    [{ sentiment: 'gpt' }, 'sentiment must be a function from a message to its label, or the settings of a model'],
    [{ prompts: 'x' }, 'prompts must be the prompts of a preset, or an object of prompts'],
    [{ store: 5 }, 'store must be a `ChatStore` or a `SqliteStore`, or the URL or the settings of a chat store'],
    [{ store: SqliteStore }, 'store must be a `ChatStore` or a `SqliteStore`'],
    [{ store: Outbox.memory() }, 'store must be a `ChatStore` or a `SqliteStore`'],
    [{ outbox: 5 }, 'outbox must be an `Outbox` without a sink, or the path or the settings of one'],
    [{ outbox: Outbox }, 'outbox must be an `Outbox` without a sink'],
    [{ speaker: 5 }, 'speaker must be a `Speaker`, a function that speaks, or the settings of a speaker'],
    [{ speaker: OpenAISpeaker }, 'not a class: give an instance, new OpenAISpeaker(…)'],
  ]) {
    assert.throws(() => new Turns(client, { model: 'm', ...options }), (error) => error.code === 'config' && error.message.includes(why), why);
  }
});

test('an argument that is missing is named', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'arguments-'));
  const store = new SqliteStore(join(directory, 'chat.db'));
  await assert.rejects(store.history(undefined, 'w'), { code: 'invalid_request', message: 'userId must be a string, not undefined' });
  await assert.rejects(store.createWorkspace('u', null), { code: 'invalid_request', message: 'name must be a string, not null' });
  for (const limit of [0, -1]) await assert.rejects(store.historyPage('u', 'w', { limit }), { code: 'invalid_request', message: /limit must be from 1 on/ });
  const chat = new ChatStore('http://127.0.0.1:9');
  assert.throws(() => chat.forUser(), { code: 'invalid_request', message: 'userId must be a string, not undefined' });
  await assert.rejects(Outbox.memory().enqueue({ conversation: 'c', id: '', payload: null }), /a record's id must be a text that is not empty/);
});

test('a character whose halves come in two pieces stays whole', async () => {
  for (const { name, pieces, sentences } of JSON.parse(readFileSync(new URL('../vectors/speech/halves.json', import.meta.url)))) {
    const cutter = new SentenceCutter();
    assert.deepEqual([...pieces.flatMap((piece) => cutter.push(piece)), ...cutter.finish()], sentences, name);
    const asked = [];
    const speech = new Speech(({ text }) => {
      asked.push(text);
      return new Uint8Array(1);
    }, { inFlight: 1 });
    for await (const _ of speech.speak(pieces));
    assert.deepEqual(asked, sentences, name);
  }
});

test('audio of a function that cannot be used is the fault of the function', async () => {
  for (const [audio, message] of [
    [Buffer.from('RIFF'), /the speaker returned audio that is not readable as WAV/],
    [{ audio: Buffer.alloc(0), mediaType: 'audio/pcm' }, /the speaker returned no audio/],
  ]) {
    const joined = new Speech(() => audio).speak('하나.').joined();
    await assert.rejects(async () => {
      for await (const _ of joined);
    }, { code: 'callback', message });
  }
});

test('any number of turns listens to a signal once', () => {
  const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9', maxRetries: 0 }));
  const { signal } = new AbortController();
  const running = Array.from({ length: 20 }, () => turns.start({ message: 'x' }, { signal }));
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  assert.equal(running.length, 20);
});
