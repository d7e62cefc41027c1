/** Sends, stops and reloads at random against a service that fails at random: nothing is lost, doubled, mixed or stuck. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turnwireWith } from './reacts.mjs';
import { failure } from './scripted.mjs';

const { Chat, fromHistory, unsentIn } = turnwireWith(19);

/** Numbers that are the same for each run of a seed. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A service with its store, by the contract: a message with a known id replaces it. It fails wherever it can. */
class FailingService {
  workspaces = new Map();
  running = new Map();
  #time = 0;

  constructor(choose) {
    this.choose = choose;
  }

  rows(workspaceId) {
    return this.workspaces.get(workspaceId) ?? [];
  }

  #save(workspaceId, row) {
    const others = this.rows(workspaceId).filter(({ msgId }) => msgId !== row.msgId);
    this.workspaces.set(workspaceId, [...others, { ...row, msgSentAt: (this.#time += 1) }]);
  }

  async stream({ message, messageId, replyId, workspaceId = 'ws-1' }, { signal }) {
    await this.pause(signal);
    if (this.choose(6) === 0) throw Object.assign(failure('connection'), { network: true });
    if (this.choose(12) === 0) throw failure('server');
    this.#save(workspaceId, { msgId: messageId, msgSenderRole: 'USER', msgContent: message, parentMsgId: null });
    // The answer is lost, but not the message.
    if (this.choose(8) === 0) throw Object.assign(failure('connection'), { network: true });
    const turnId = `turn-${(this.#time += 1)}`;
    const turn = { isStopped: false };
    this.running.set(turnId, turn);
    return this.#events({ turn, turnId, message, messageId, replyId, workspaceId, signal });
  }

  async *#events({ turn, turnId, message, messageId, replyId, workspaceId, signal }) {
    let text = '';
    const save = () => text && this.#save(workspaceId, { msgId: replyId, msgSenderRole: 'AI', msgContent: text, parentMsgId: messageId });
    try {
      if (this.choose(5) > 0) yield { type: 'turn', turnId, messageId, replyId };
      yield { type: 'workspace', workspaceId };
      for (const piece of [`${message}:`, ...'answer']) {
        await this.pause(signal);
        if (turn.isStopped) break;
        if (this.choose(25) === 0) throw failure('truncated');
        if (this.choose(40) === 0) throw failure('api');
        text += piece;
        yield { type: 'content', content: piece };
      }
      save();
      yield turn.isStopped ? { type: 'done', stopped: true } : { type: 'done' };
    } catch (error) {
      save();
      throw error;
    } finally {
      this.running.delete(turnId);
    }
  }

  async stop(turnId) {
    if (this.choose(6) === 0) throw failure('connection');
    const turn = this.running.get(turnId);
    if (turn) turn.isStopped = true;
  }

  async pause(signal) {
    for (let steps = this.choose(4); steps >= 0; steps -= 1) await Promise.resolve();
    if (signal.aborted) throw new DOMException('aborted', 'AbortError');
  }
}

function memory() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
}

/** The invariants of a chat. */
function check(chat, texts) {
  const { messages, status } = chat.getSnapshot();
  assert.equal(new Set(messages.map(({ id }) => id)).size, messages.length, 'a message is there twice');
  const open = messages.filter(({ status }) => status === 'sending' || status === 'streaming');
  assert.ok(open.length <= 1, 'two turns run');
  if (status === 'ready' || status === 'error') assert.equal(open.length, 0, 'a message is stuck');
  for (const message of messages) {
    if (message.role === 'user') assert.equal(message.content, texts.get(message.id), 'a message is mixed up');
    else {
      const asked = messages[messages.indexOf(message) - 1];
      assert.equal(asked?.id, message.replyTo, 'a reply is not behind its message');
      assert.ok(`${asked.content}:answer`.startsWith(message.content), 'a reply is mixed up');
    }
  }
  for (const id of texts.keys()) assert.ok(messages.some((message) => message.id === id), 'a message is lost');
}

const rounds = async (count) => {
  for (let at = 0; at < count; at += 1) await Promise.resolve();
};

const idle = async (chat) => {
  for (let tries = 0; tries < 5000 && /submitted|streaming/.test(chat.getSnapshot().status); tries += 1) await rounds(10);
  assert.match(chat.getSnapshot().status, /ready|error/, 'the status is stuck');
};

for (let seed = 1; seed <= 10; seed += 1) {
  test(`200 sends, stops and reloads, seed ${seed}`, async () => {
    const choose = random(seed);
    const service = new FailingService(choose);
    const unsent = unsentIn(() => storage);
    const storage = memory();
    const texts = new Map();
    const problems = [];
    let text;
    const generateId = () => {
      const id = crypto.randomUUID();
      texts.set(id, text);
      return id;
    };
    const open = () => {
      const chat = new Chat({ service, unsent, generateId, throttle: 0, id: 'chat', workspaceId: service.workspaces.size > 0 ? 'ws-1' : null, initialMessages: fromHistory(service.rows('ws-1')) });
      chat.subscribe(() => {
        try {
          check(chat, texts);
        } catch (problem) {
          problems.push(problem);
        }
      });
      return [chat, chat.connect()];
    };
    let [chat, leave] = open();
    for (let step = 0; step < 200; step += 1) {
      const { messages } = chat.getSnapshot();
      const action = choose(10);
      if (action < 5) {
        text = `message ${step}`;
        void chat.sendMessage(text);
      } else if (action < 6) void chat.stop();
      else if (action < 7) void chat.retry();
      else if (action < 8) chat.clearError();
      else if (action < 9) void chat.regenerate(messages[choose(messages.length)]?.id);
      else {
        leave();
        await rounds(choose(3));
        [chat, leave] = open();
        check(chat, texts);
      }
      await rounds(choose(60));
    }
    await idle(chat);
    // In the end the user sends all that failed again, and the page shows the messages of the store.
    for (let tries = 0; tries < 3000; tries += 1) {
      const { messages, status } = chat.getSnapshot();
      const replied = new Set(messages.filter(({ role, status }) => role === 'assistant' && status === 'done').map(({ replyTo }) => replyTo));
      const broken = messages.find(({ id, role, status }) => role === 'user' && status !== 'queued' && (status !== 'done' || !replied.has(id)));
      if (broken) await chat.retry(broken.id);
      else if (status === 'error') chat.clearError();
      else if (messages.every(({ status }) => status === 'done')) break;
      await idle(chat);
    }
    check(chat, texts);
    assert.deepEqual(problems, []);
    const row = ({ id, role, content }) => `${id} ${role} ${content}`;
    assert.deepEqual(chat.getSnapshot().messages.map(row), fromHistory(service.rows('ws-1')).map(row));
    assert.equal(chat.getSnapshot().messages.length, 2 * texts.size);
    assert.equal(storage.getItem('turnwire.unsent'), null);
  });
}
