/** The chat without a framework: statuses, ids, stop, retry, edit, queue, and what is published when. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turnwireWith } from './reacts.mjs';

import { failure, ScriptedService, settled } from './scripted.mjs';

const { Chat } = turnwireWith(19);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function start(options = {}) {
  const service = new ScriptedService();
  const finished = [];
  const errors = [];
  const chat = new Chat({ service, throttle: 0, onFinish: (info) => finished.push(info), onError: (error) => errors.push(error), ...options });
  return { service, chat, finished, errors, now: () => chat.getSnapshot() };
}

const short = ({ messages }) => messages.map(({ role, content, status }) => [role, content, status]);

test('a message is sent, accepted, answered and done', async () => {
  const workspaces = [];
  const { chat, service, finished, now } = start({ onWorkspace: (id) => workspaces.push(id) });
  assert.deepEqual(now(), { messages: [], status: 'ready', connected: false, error: null, workspaceId: null });

  const sent = chat.sendMessage('안녕하세요');
  assert.deepEqual([now().status, now().connected, short(now())], ['submitted', false, [['user', '안녕하세요', 'sending']]]);
  const { request } = service.last;
  assert.match(request.messageId, UUID);
  assert.match(request.replyId, UUID);
  assert.deepEqual(request, { message: '안녕하세요', messageId: now().messages[0].id, replyId: request.replyId, createWorkspace: true });

  const feed = service.last.accept();
  await settled();
  assert.deepEqual([now().status, now().connected, short(now())], ['submitted', true, [['user', '안녕하세요', 'done']]]);

  feed.push({ type: 'workspace', workspaceId: 'ws-1' }, { type: 'sentiment', label: '기쁨' }).say('반', '가워요');
  await settled();
  assert.deepEqual([now().status, now().workspaceId], ['streaming', 'ws-1']);
  assert.deepEqual(short(now()), [['user', '안녕하세요', 'done'], ['assistant', '반가워요', 'streaming']]);

  feed.push({ type: 'usage', promptTokens: 3, totalTokens: 7 }).done();
  await sent;
  const [user, reply] = now().messages;
  assert.deepEqual([now().status, now().connected, now().error], ['ready', false, null]);
  assert.deepEqual([user.sentiment, reply.id, reply.replyTo, reply.status], ['기쁨', request.replyId, request.messageId, 'done']);
  assert.deepEqual(reply.usage, { promptTokens: 3, totalTokens: 7 });
  assert.deepEqual(workspaces, ['ws-1']);
  const [{ message, userMessage, messages, usage, ...info }] = finished;
  assert.deepEqual(info, { finishReason: 'done', isAbort: false, isError: false, isDisconnect: false, error: null });
  assert.ok(message === reply && userMessage === user && messages === now().messages && usage === reply.usage);

  void chat.sendMessage('또');
  assert.equal(service.last.request.workspaceId, 'ws-1');
  assert.ok(!('createWorkspace' in service.last.request));
});

test('a text that grows is published at once, then at most every 50 ms, and at its end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const { chat, service, now } = start({ throttle: undefined });
  void chat.sendMessage('a');
  const feed = service.last.accept();
  await settled();
  const published = [];
  const begun = Date.now();
  chat.subscribe(() => published.push([Date.now() - begun, now().messages[1]?.content.length, now().status]));
  const pass = async () => {
    await settled();
    t.mock.timers.tick(1);
    await settled();
  };
  for (let at = 0; at < 200; at += 1) {
    feed.say('x');
    await pass();
  }
  // The first piece at once. What comes within a frame is read together.
  assert.deepEqual(published.map(([at]) => at), [0, 50, 100, 150, 200]);
  for (const [at, length] of published) assert.ok(length > at - 17 && length <= at + 1, `${length} after ${at} ms`);
  feed.say('y').done();
  for (let at = 0; at < 17; at += 1) await pass();
  const [at, length, status] = published.at(-1);
  assert.ok(at <= 217 && length === 201 && status === 'ready' && published.length === 6, JSON.stringify(published));
  t.mock.timers.tick(1000);
  assert.equal(published.length, 6);
});

test('a text that comes slowly is published piece by piece, without delay', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const { chat, service } = start({ throttle: 50 });
  void chat.sendMessage('a');
  const feed = service.last.accept();
  await settled();
  let published = 0;
  chat.subscribe(() => (published += 1));
  for (let count = 1; count <= 5; count += 1) {
    feed.say('x');
    await settled();
    assert.equal(published, count);
    t.mock.timers.tick(60);
  }
});

/** A finished conversation of two turns. */
async function talked(options) {
  const started = start({ workspaceId: 'ws-1', ...options });
  for (const [question, answer] of [['하나', '1'], ['둘', '2']]) {
    const sent = started.chat.sendMessage(question);
    started.service.last.accept().say(answer).done();
    await sent;
  }
  return started;
}

test('messages that do not change stay the same objects', async () => {
  const { chat, service, now } = await talked();
  const before = now().messages;
  const sent = chat.sendMessage('셋');
  service.last.accept().say('3', '3');
  await settled();
  const [, , , , user] = now().messages;
  service.last.feed.say('3').push({ type: 'usage', totalTokens: 1 }).done();
  await sent;
  const after = now().messages;
  assert.equal(after.length, 6);
  for (const [at, message] of before.entries()) assert.ok(after[at] === message);
  assert.ok(after[4] === user);
});

test('stop reaches the service, and the text is the one that the service has at its end', async () => {
  const { chat, service, finished, now } = start();
  const sent = chat.sendMessage('a');
  service.last.accept().say('하나 ');
  await settled();
  const stopped = chat.stop();
  assert.deepEqual(service.stops, ['turn-0']);
  assert.equal(now().status, 'streaming');
  service.last.feed.say('둘').push({ type: 'usage', totalTokens: 9 }).done({ stopped: true });
  await Promise.all([sent, stopped]);
  assert.deepEqual([now().status, short(now())], ['ready', [['user', 'a', 'done'], ['assistant', '하나 둘', 'stopped']]]);
  assert.equal(service.last.signal.aborted, false);
  const [{ isAbort, isError, finishReason, usage }] = finished;
  assert.deepEqual([isAbort, isError, finishReason, usage.totalTokens], [true, false, 'stopped', 9]);
});

test('a service that does not end a stopped turn is left after 2 seconds; one that cannot be told is left at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [prepare, ms] of [[() => {}, 2000], [(service) => (service.stop = () => Promise.reject(failure('connection'))), 0], [(service) => (service.stop = () => { throw new Error('no'); }), 0], [(service) => (service.stop = undefined), 0]]) {
    const { chat, service, now } = start();
    prepare(service);
    const sent = chat.sendMessage('a');
    service.last.accept().say('하나');
    await settled();
    void chat.stop();
    await settled();
    if (ms > 0) t.mock.timers.tick(ms - 1);
    assert.equal(now().status, ms > 0 ? 'streaming' : 'ready');
    t.mock.timers.tick(1);
    await sent;
    assert.deepEqual([now().status, now().messages[1].status, service.last.signal.aborted], ['ready', 'stopped', true]);
  }
});

test('stop before the service has accepted the message ends it at once, and it can be sent again', async () => {
  const { chat, service, now, finished } = start();
  const sent = chat.sendMessage('a');
  await chat.stop();
  await sent;
  assert.deepEqual([now().status, short(now()), service.last.signal.aborted], ['ready', [['user', 'a', 'stopped']], true]);
  assert.deepEqual([finished[0].message, finished[0].isAbort], [null, true]);
  void chat.retry();
  assert.deepEqual(service.turns[1].request, service.turns[0].request);
});

test('a failed send keeps its text, and retry sends the same ids', async () => {
  const { chat, service, now, errors, finished } = start();
  const error = Object.assign(failure('connection', 'no network'), { network: true });
  const sent = chat.sendMessage('긴 글');
  service.last.refuse(error);
  await sent;
  assert.deepEqual([now().status, short(now())], ['error', [['user', '긴 글', 'failed']]]);
  assert.ok(now().error === error && now().messages[0].error === error && errors[0] === error);
  assert.deepEqual([finished[0].isError, finished[0].isDisconnect, finished[0].finishReason], [true, true, 'failed']);

  const again = chat.retry();
  assert.deepEqual([now().status, now().error, short(now()), now().messages[0].error], ['submitted', null, [['user', '긴 글', 'sending']], undefined]);
  assert.deepEqual(service.turns[1].request, service.turns[0].request);
  service.last.accept().say('답').done();
  await again;
  assert.deepEqual(short(now()), [['user', '긴 글', 'done'], ['assistant', '답', 'done']]);
});

test('a broken reply keeps its text, and a retry replaces it under the same ids, or leaves it if no word comes', async () => {
  const { chat, service, now, finished } = start();
  const sent = chat.sendMessage('a');
  service.last.accept().say('반쪽').fail(failure('truncated'));
  await sent;
  assert.deepEqual([now().status, short(now())], ['error', [['user', 'a', 'done'], ['assistant', '반쪽', 'failed']]]);
  assert.equal(finished[0].isDisconnect, true);
  const [user, reply] = now().messages;

  const second = chat.retry();
  service.last.accept().fail(failure('server'));
  await second;
  assert.deepEqual(short(now()), [['user', 'a', 'failed'], ['assistant', '반쪽', 'failed']]);
  assert.deepEqual([finished[1].message, finished[1].isDisconnect], [null, false]);

  const third = chat.retry();
  const { messageId, replyId } = service.last.request;
  assert.deepEqual([messageId, replyId], [user.id, reply.id]);
  service.last.accept().say('온전한 답').done();
  await third;
  assert.deepEqual(short(now()), [['user', 'a', 'done'], ['assistant', '온전한 답', 'done']]);
  assert.deepEqual(now().messages.map(({ id }) => id), [user.id, reply.id]);
});

test('a stream that ends without `done` is an error, not a reply', async () => {
  const { chat, service, now } = start();
  const sent = chat.sendMessage('a');
  const feed = service.last.accept().say('반쪽');
  await settled();
  feed.fail(null);
  await sent;
  assert.deepEqual([now().error.code, now().messages[1].status], ['truncated', 'failed']);
});

test('regenerate and edit keep the ids, and take the end of the conversation as in the store', async () => {
  const { chat, service, now } = await talked();
  const [first, firstReply, second, secondReply] = now().messages;
  let sent = chat.regenerate();
  assert.deepEqual(service.last.request, { message: '둘', messageId: second.id, replyId: secondReply.id, workspaceId: 'ws-1' });
  service.last.accept().say('둘!').done();
  await sent;
  assert.deepEqual(now().messages.map(({ id, content }) => [id, content]), [[first.id, '하나'], [firstReply.id, '1'], [second.id, '둘'], [secondReply.id, '둘!']]);

  sent = chat.edit(first.id, '하나!');
  assert.deepEqual(service.last.request, { message: '하나!', messageId: first.id, replyId: firstReply.id, workspaceId: 'ws-1' });
  service.last.accept().say('1!').done();
  await sent;
  assert.deepEqual(now().messages.map(({ content }) => content), ['둘', '둘!', '하나!', '1!']);

  sent = chat.regenerate(secondReply.id);
  service.last.refuse(failure('server'));
  await sent;
  assert.deepEqual(short(now()).slice(2), [['user', '둘', 'failed'], ['assistant', '둘!', 'done']]);
});

test('regenerate of the reply under way stops it first', async () => {
  const { chat, service, now } = start();
  void chat.sendMessage('a');
  service.last.accept().say('하나');
  await settled();
  void chat.regenerate();
  await settled();
  assert.deepEqual(service.stops, ['turn-0']);
  service.last.feed.done({ stopped: true });
  await settled();
  assert.deepEqual(service.turns.map(({ request }) => request.replyId), [now().messages[0].replyId, now().messages[0].replyId]);
  service.last.accept().say('둘').done();
  await settled();
  assert.deepEqual(short(now()), [['user', 'a', 'done'], ['assistant', '둘', 'done']]);
});

test('history of a store is where a chat starts, and its ids are used', async () => {
  const { fromHistory } = turnwireWith(19);
  const rows = [
    { msgId: 'r1', msgSenderRole: 'AI', msgContent: '답', msgSentAt: 2000, parentMsgId: 'm1', msgType: 'T' },
    { msgId: 'm2', msgSenderRole: 'USER', msgContent: '또', msgSentAt: '1970-01-01T00:00:03Z', parentMsgId: null },
    { msgId: 'm1', msgSenderRole: 'USER', msgContent: '물음', msgSentAt: 1000, parentMsgId: null },
  ];
  const messages = fromHistory(rows);
  assert.deepEqual(messages.map(({ id, role, createdAt }) => [id, role, createdAt]), [['m1', 'user', 1000], ['r1', 'assistant', 2000], ['m2', 'user', 3000]]);
  const { chat, service, now } = start({ workspaceId: 'ws-1', initialMessages: messages });
  assert.ok(now().messages.every((message, at) => message === messages[at]));
  void chat.regenerate('r1');
  assert.deepEqual([service.last.request.messageId, service.last.request.replyId], ['m1', 'r1']);
});

test('ids that the service gives in place of ours are the messages\' ids', async () => {
  const { chat, service, now } = start();
  const sent = chat.sendMessage('a');
  service.last.accept({ messageId: 'm-9', replyId: 'r-9' }).say('b').done();
  await sent;
  const [user, reply] = now().messages;
  assert.deepEqual([user.id, user.replyId, reply.id, reply.replyTo], ['m-9', 'r-9', 'r-9', 'm-9']);
});

test('messages that are sent while a reply is under way wait for it, in order', async () => {
  const { chat, service, now } = start();
  const ends = [];
  for (const text of ['하나', '둘', '셋', '넷']) void chat.sendMessage(text).then(() => ends.push(text));
  assert.equal(service.turns.length, 1);
  service.last.accept().say('1');
  await settled();
  assert.deepEqual(short(now()), [['user', '하나', 'done'], ['assistant', '1', 'streaming'], ['user', '둘', 'queued'], ['user', '셋', 'queued'], ['user', '넷', 'queued']]);
  chat.unqueue(now().messages[3].id);
  void chat.edit(now().messages[2].id, '둘!');
  service.last.feed.push({ type: 'workspace', workspaceId: 'ws-1' }).done();
  await settled();
  assert.deepEqual(ends, ['셋', '하나']);
  assert.deepEqual([service.turns.length, service.last.request.message, service.last.request.workspaceId], [2, '둘!', 'ws-1']);
  service.last.refuse(failure('server'));
  await settled();
  // After an error the queue waits for the user.
  assert.deepEqual([service.turns.length, now().status, short(now()).slice(2)], [2, 'error', [['user', '둘!', 'failed'], ['user', '넷', 'queued']]]);
  chat.clearError();
  assert.deepEqual([service.turns.length, service.last.request.message, now().error], [3, '넷', null]);
  service.last.accept().say('4').done();
  await settled();
  assert.deepEqual([now().status, ends], ['ready', ['셋', '하나', '둘', '넷']]);
});

test('a retry goes before the queue; while a reply is under way it waits in its place, and may be taken back', async () => {
  const { chat, service, now } = start();
  void chat.sendMessage('하나');
  void chat.sendMessage('둘');
  service.last.refuse(failure('server'));
  await settled();
  void chat.retry();
  assert.equal(service.last.request.message, '하나');
  service.last.refuse(failure('server'));
  await settled();
  chat.clearError();
  assert.equal(service.last.request.message, '둘');
  const [failed] = now().messages;
  void chat.retry(failed.id);
  assert.deepEqual(short(now()), [['user', '하나', 'queued'], ['user', '둘', 'sending']]);
  chat.unqueue(failed.id);
  assert.ok(now().messages[0] === failed);
  void chat.retry(failed.id);
  service.last.accept().say('2').done();
  await settled();
  assert.deepEqual(short(now()), [['user', '둘', 'done'], ['assistant', '2', 'done'], ['user', '하나', 'sending']]);
});

test('a blank text is not sent', async () => {
  const { chat, service } = start();
  await chat.sendMessage(' \n');
  await chat.edit('none', 'x');
  await chat.retry();
  await chat.regenerate();
  assert.equal(service.turns.length, 0);
});

test('setMessages replaces the conversation, and leaves a turn whose message is gone', async () => {
  const { chat, service, now } = await talked();
  void chat.sendMessage('셋');
  void chat.sendMessage('넷');
  service.last.accept().say('3');
  await settled();
  chat.setMessages((messages) => messages.map((message) => (message.content === '하나' ? { ...message, content: '하나!' } : message)));
  service.last.feed.say('3');
  await settled();
  assert.deepEqual(short(now()).slice(4), [['user', '셋', 'done'], ['assistant', '33', 'streaming'], ['user', '넷', 'queued']]);
  assert.deepEqual([now().messages[0].content, now().status], ['하나!', 'streaming']);
  chat.setMessages([{ id: 'm', role: 'user', content: 'x', status: 'sending' }]);
  assert.deepEqual([short(now()), now().status, service.last.signal.aborted, service.turns.length], [[['user', 'x', 'failed']], 'ready', true, 3]);
});

test('exceptions of the program\'s functions break no turn, and are reported', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { chat, service, now } = start({
    onEvent() {
      throw new Error('mine');
    },
  });
  const sent = chat.sendMessage('a');
  service.last.acceptSilently().done();
  await sent;
  assert.equal(now().status, 'ready');
  assert.throws(() => t.mock.timers.tick(1), /mine/);
});

test('options are those of the newest configuration', async () => {
  const first = new ScriptedService();
  const { chat } = start({ service: first });
  const second = new ScriptedService();
  const finished = [];
  chat.configure({ service: second, onFinish: () => finished.push('new'), onError: undefined });
  const sent = chat.sendMessage('a');
  second.last.accept().done();
  await sent;
  assert.deepEqual([first.turns.length, finished], [0, ['new']]);
});
