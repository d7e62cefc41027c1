/** The chat without a framework: statuses, ids, stop, retry, edit, queue, and what is published when. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

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
  assert.deepEqual(reply.usage, { promptTokens: 3, completionTokens: null, totalTokens: 7 });
  assert.deepEqual(workspaces, ['ws-1']);
  const [{ message, userMessage, messages, usage, ...info }] = finished;
  assert.deepEqual(info, { finishReason: 'stop', isAbort: false, isError: false, isDisconnect: false, error: null });
  assert.ok(message === reply && userMessage === user && messages === now().messages && usage === reply.usage);

  void chat.sendMessage('또');
  assert.equal(service.last.request.workspaceId, 'ws-1');
  assert.ok(!('createWorkspace' in service.last.request));
});
