/** Speech in a page: parts in order, blocked sound, stop, barge-in, and speech on demand. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { fakeAudio, fakeContext } from './audio.mjs';
import { openPage } from './dom.mjs';
import { turnwireWith } from './reacts.mjs';
import { failure, ScriptedService, settled } from './scripted.mjs';

const window = openPage();
const { Chat, SpeechQueue, webAudio } = turnwireWith(19);

let audio;
beforeEach(() => (audio = fakeAudio(window)));

const part = (seq, messageId = 'm') => ({ seq, text: `${seq}.`, audio: new Uint8Array([seq + 1]), messageId });
const bytes = ({ plays }) => plays.map((blob) => blob.bytes[0]);

/** A queue whose states are noted. */
function started(options) {
  const speech = new SpeechQueue(options);
  const states = [];
  speech.subscribe(() => states.push(`${speech.getSnapshot().state} ${speech.getSnapshot().speaking?.text ?? '-'}`));
  return { speech, states, now: () => speech.getSnapshot() };
}

test('parts are played one after the other in their order, on one element, and their memory is freed', async () => {
  const { speech, states, now } = started();
  assert.equal(audio.elements.length, 0);
  speech.add(part(1));
  assert.deepEqual(now(), { state: 'idle', speaking: null, error: null });
  speech.add(part(0));
  speech.add(part(2));
  speech.add(part(1));
  await settled();
  assert.deepEqual(now(), { state: 'playing', speaking: { seq: 0, text: '0.', messageId: 'm' }, error: null });
  const [element] = audio.elements;
  for (let count = 0; count < 3; count += 1) {
    assert.equal(audio.urls.size, 1);
    element.end();
    await settled();
  }
  assert.deepEqual([bytes(element), states, audio.elements.length, audio.urls.size], [[1, 2, 3], ['playing 0.', 'playing 1.', 'playing 2.', 'idle -'], 1, 0]);
  assert.equal(element.plays[0].type, 'audio/mpeg');
});

test('audio is bytes or base64, of its type', async () => {
  const { speech } = started();
  speech.add({ seq: 0, text: 'a', audio: Buffer.from([7, 8]).toString('base64'), mime: 'audio/wav' });
  await settled();
  const [{ bytes, type }] = audio.elements[0].plays;
  assert.deepEqual([bytes, type], [[7, 8], 'audio/wav']);
});

test('a part that never comes is waited for until the message is complete', async () => {
  const { speech, now } = started();
  speech.add(part(0));
  speech.add(part(2));
  await settled();
  audio.elements[0].end();
  assert.equal(now().state, 'idle');
  speech.finish('another');
  assert.equal(now().state, 'idle');
  speech.finish('m');
  assert.equal(now().speaking.seq, 2);
});

test('a part that cannot be played is left out', async () => {
  const { speech, now } = started();
  speech.add(part(0));
  speech.add(part(1));
  await settled();
  audio.elements[0].fail();
  assert.match(now().error.message, /cannot be played: bad data/);
  assert.equal(now().speaking.seq, 1);
  await settled();
  audio.elements[0].end();
  assert.deepEqual([now().state, bytes(audio.elements[0])], ['idle', [1, 2]]);
});

test('without a gesture the speech is blocked, its parts are kept, and unlock goes on', async () => {
  audio.isAllowed = false;
  const { speech, states, now } = started();
  speech.add(part(0));
  speech.add(part(1));
  await settled();
  assert.deepEqual([now().state, now().speaking], ['blocked', null]);
  audio.isAllowed = true;
  speech.unlock();
  // Within the gesture, before anything is awaited.
  assert.deepEqual(bytes(audio.elements[0]), [1]);
  await settled();
  audio.elements[0].end();
  await settled();
  audio.elements[0].end();
  assert.deepEqual([bytes(audio.elements[0]), states.at(-1), audio.elements.length], [[1, 2], 'idle -', 1]);
});

test('unlock plays silence once, and parts that follow take its place', async () => {
  const { speech, states } = started();
  speech.unlock();
  const [element] = audio.elements;
  const [silence] = element.plays;
  assert.deepEqual([silence.type, silence.bytes.slice(0, 4), silence.bytes.length], ['audio/mpeg', [0xff, 0xfb, 0x10, 0xc0], 416]);
  await settled();
  element.end();
  speech.unlock();
  assert.deepEqual([element.plays.length, states], [1, []]);
  speech.add(part(0));
  await settled();
  assert.deepEqual([bytes(element).at(-1), audio.urls.size], [1, 1]);
});

test('stop and another message silence what is heard', async () => {
  const { speech, now } = started();
  speech.add(part(0));
  speech.add(part(1));
  await settled();
  speech.stop();
  const [element] = audio.elements;
  assert.deepEqual([now().state, element.paused, element.src, audio.urls.size], ['idle', true, '', 0]);
  element.end();
  assert.equal(now().state, 'idle');
  speech.add(part(0));
  speech.add(part(0, 'next'));
  assert.deepEqual([now().speaking.messageId, audio.urls.size], ['next', 1]);
});

test('with Web Audio, each part begins where the one before it ends', async () => {
  const context = fakeContext(window);
  const { speech, states } = started({ output: webAudio });
  for (const seq of [0, 1, 2]) speech.add(part(seq));
  await settled();
  const at = () => context.sources.map(({ at }) => at);
  assert.deepEqual(at(), [0, 1]);
  context.sources[0].onended();
  await settled();
  assert.deepEqual([at(), states], [[0, 1, 3], ['playing 0.', 'playing 1.']]);
  speech.stop();
  assert.deepEqual([context.sources.map(({ isStopped }) => isStopped), states.at(-1), context.made], [[undefined, true, true], 'idle -', 1]);
  context.now = 10;
  speech.add({ ...part(0), audio: new Uint8Array([0]) });
  speech.add(part(1));
  await settled();
  assert.deepEqual([at().at(-1), speech.getSnapshot().speaking.seq, speech.getSnapshot().error?.message], [10, 1, 'the audio cannot be decoded: not audio']);
});

test('a context that waits for a gesture, or is interrupted, is blocked', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const context = fakeContext(window);
  context.state = 'suspended';
  const { speech, now } = started({ output: webAudio });
  speech.add(part(4));
  speech.finish('m');
  await settled();
  assert.equal(now().state, 'playing');
  t.mock.timers.tick(250);
  assert.equal(now().state, 'blocked');
  const { resumed } = context;
  speech.unlock();
  assert.equal(context.resumed, resumed + 1);
  context.change('running');
  assert.equal(now().state, 'playing');
  context.change('interrupted');
  assert.equal(now().state, 'blocked');
});

const audioEvent = (seq) => ({ type: 'audio', seq, mime: 'audio/mpeg', audioBase64: Buffer.from([seq + 1]).toString('base64'), text: `${seq}.` });

function chatting(options = {}) {
  const service = new ScriptedService();
  const errors = [];
  const chat = new Chat({ service, throttle: 0, speech: true, onError: (error) => errors.push(error), ...options });
  return { service, chat, errors, speech: () => chat.speech.getSnapshot() };
}

test('a reply is spoken as it comes, and sending unlocks the sound in the gesture', async () => {
  const { chat, service, speech } = chatting();
  const sent = chat.sendMessage('a');
  assert.equal(audio.elements[0].plays.length, 1);
  service.last.accept().say('안녕.').push(audioEvent(0), audioEvent(1)).done();
  await sent;
  assert.deepEqual(speech().speaking, { seq: 0, text: '0.', messageId: service.last.request.replyId });
  audio.elements[0].end();
  assert.equal(speech().speaking.seq, 1);
});

test('a page that cannot play sound chats all the same, and shows the error with the speech', async () => {
  const missing = () => assert.fail('the page has no sound');
  for (const [breaks, options, words] of [
    [() => delete URL.createObjectURL, {}, /^the audio cannot be played: .*createObjectURL/],
    [() => delete globalThis.Audio, {}, /^the audio cannot be played: Audio is not defined/],
    [() => Audio.prototype.play = missing, {}, /the page has no sound/],
    [() => Audio.prototype.play = () => undefined, {}, null],
    [() => delete globalThis.AudioContext, { output: webAudio }, /^the audio cannot be played: AudioContext is not defined/],
    [() => AudioContext.prototype.resume = missing, { output: webAudio }, /^the audio cannot be played: the page has no sound/],
  ]) {
    audio = fakeAudio(window);
    fakeContext(window).state = 'suspended';
    breaks();
    const { chat, service, errors, speech } = chatting({ speech: options });
    const sent = chat.sendMessage('a');
    service.last.accept().say('안녕').push(audioEvent(0), audioEvent(1)).say('.').done();
    await sent;
    await settled();
    const { status, messages } = chat.getSnapshot();
    assert.deepEqual([status, messages[1].status, messages[1].content, errors], ['ready', 'done', '안녕.', []], breaks.toString());
    assert.equal(speech().state, words ? 'idle' : 'playing', breaks.toString());
    assert.match(speech().error?.message ?? '', words ?? /^$/);
    await chat.speak('말');
    await chat.stop();
    assert.deepEqual([errors, speech().state], [[], 'idle']);
  }
});

test('a reply is not spoken unless that is asked for, in general or for one message', async () => {
  for (const [speech, message, state] of [[false, 'a', 'idle'], [{ replies: false }, 'a', 'idle'], [true, { text: 'a', speech: false }, 'idle'], [false, { text: 'a', speech: true }, 'playing'], [{}, 'a', 'playing']]) {
    const { chat, service } = chatting({ speech });
    const sent = chat.sendMessage(message);
    service.last.accept().push(audioEvent(0)).done();
    await sent;
    assert.equal(chat.speech.getSnapshot().state, state, JSON.stringify([speech, message]));
  }
});

test('a new message silences the reply before it, also what still comes of it', async () => {
  const { chat, service, speech } = chatting();
  void chat.sendMessage('a');
  service.last.accept().push(audioEvent(0));
  await settled();
  assert.equal(speech().state, 'playing');
  void chat.sendMessage('b');
  assert.equal(speech().state, 'idle');
  service.last.feed.push(audioEvent(1)).done();
  await settled();
  assert.equal(speech().state, 'idle');
  service.last.accept().push(audioEvent(0)).done();
  await settled();
  assert.equal(speech().speaking.messageId, service.last.request.replyId);
});

test('stop silences the speech', async () => {
  const { chat, service, speech } = chatting();
  void chat.sendMessage('a');
  service.last.accept().push(audioEvent(0));
  await settled();
  void chat.stop();
  service.last.feed.push(audioEvent(1)).done({ stopped: true });
  await settled();
  assert.equal(speech().state, 'idle');
  await chat.stop();
});

test('a message or a text is spoken on demand, and another one takes its place', async () => {
  const { chat, service, speech, errors } = chatting({ speech: false });
  const sent = chat.sendMessage('a');
  service.last.accept().say('긴 답').done();
  await sent;
  const { replyId } = service.last.request;
  const spoken = chat.speak(replyId);
  assert.deepEqual([speech().state, audio.elements[0].plays.length], ['loading', 1]);
  await spoken;
  assert.deepEqual([service.spoken[0].text, speech().speaking], ['긴 답', { seq: 0, text: '긴 답', messageId: replyId }]);
  assert.deepEqual(audio.elements[0].plays.at(-1).bytes, [1, 2, 3]);

  const first = chat.speak('하나');
  const second = chat.speak('둘');
  await Promise.all([first, second]);
  assert.deepEqual([service.spoken[1].signal.aborted, speech().speaking.text], [true, '둘']);

  service.speak = async () => Promise.reject(failure('server'));
  await chat.speak('셋');
  assert.deepEqual([speech().state, speech().error.code, errors.length, chat.getSnapshot().status], ['idle', 'server', 1, 'ready']);
});

test('a reply that is spoken whole is not spoken a second time as it comes', async () => {
  const { chat, service, speech } = chatting();
  void chat.sendMessage('a');
  service.last.accept().say('반').push(audioEvent(0));
  await settled();
  await chat.speak(service.last.request.replyId);
  service.last.feed.push(audioEvent(1)).done();
  await settled();
  audio.elements[0].end();
  await settled();
  assert.equal(speech().state, 'idle');
});

test('a chat that nobody sees is silent', async () => {
  const { chat, service, speech } = chatting();
  const leave = chat.connect();
  void chat.sendMessage('a');
  void chat.sendMessage('b');
  service.last.accept().push(audioEvent(0));
  await settled();
  leave(true);
  await settled();
  assert.deepEqual([speech().state, chat.getSnapshot().status], ['idle', 'submitted']);
  service.last.feed.push(audioEvent(1)).done();
  await settled();
  service.last.accept().push(audioEvent(0));
  await settled();
  assert.equal(speech().state, 'idle');
});
