/** The log of turns, stores, outboxes and speech: all rooms are heard, and none tells content or secrets. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { ChatService, ChatStore, OpenAI, Outbox, SqliteStore, Turns } from 'turnwire';

import { chat, startChat, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';
const SECRETS = /private|sk-5f7d|eyJ/;

let llm;
let store;
let service;
let folder;
before(async () => {
  [llm, store, service] = await Promise.all([startFake(), startStore(), startChat()]);
  folder = mkdtempSync(join(tmpdir(), 'turnwire-log-'));
});
after(() => {
  for (const each of [llm, store, service]) each.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** A logger of everything, and its lines. */
function keeper() {
  const lines = [];
  const logger = Object.fromEntries(['error', 'warn', 'info', 'debug'].map((level) => [level, (line) => lines.push(`${level} ${line}`)]));
  return { lines, logger, logLevel: 'debug' };
}

async function until(lines, patterns) {
  for (let i = 0; ; i += 1) {
    const missing = patterns.filter((pattern) => !lines.some((line) => pattern.test(line)));
    if (missing.length === 0) return;
    assert.ok(i < 500, `no ${missing.join(', ')} in\n${lines.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('all rooms are logged, without content, tokens or keys', async () => {
  const { lines, ...log } = keeper();
  const { access, refresh } = await store.login(USER);
  const client = new OpenAI({ apiKey: 'sk-5f7d', baseURL: llm.baseURL, maxRetries: 0 });
  const speaker = () => {
    throw new Error('no voice');
  };
  const model = await llm.script([chat('A private reply.'), { steps: [{ role: 'assistant' }, { text: 'half a private' }, { truncate: true }] }]);
  const options = { model, naming: 'first_words', speaker, speech: { retries: 0 }, speechMode: 'streaming', sentiment: () => 'private label', systemPrompt: 'a private prompt', ...log };
  const turns = new Turns(client, { store: new ChatStore(store.url), outbox: join(folder, 'outbox.db'), ...options });
  const request = { message: 'a private message', userId: USER, createWorkspace: true, accessToken: access, refreshToken: refresh };
  for await (const _ of turns.start(request));
  await turns.flush();
  await assert.rejects(async () => {
    for await (const _ of turns.start({ ...request, workspaceId: 'ws', createWorkspace: false }));
  });
  // Its sink is nobody's, so that its log comes from the background alone.
  const outbox = new Outbox(join(folder, 'own.db'), { sink: () => ({ outcome: 'dead', reason: 'no' }), ...log });
  await outbox.enqueue({ id: 'm', conversation: 'c', payload: { text: 'a private payload' }, accessToken: access, refreshToken: refresh });
  await service.script({ steps: [{ send: 'data: {"type": "content", "content": "private"}\n\n' }, { send: 'data: {"type": "audio"}\n\n' }, { send: 'data: {"type": "done"}\n\n' }] }, 'a private question');
  const chats = new ChatService(service.url, { accessToken: access, refreshToken: refresh });
  for await (const _ of await chats.stream({ message: 'a private question', workspaceId: 'ws' }));
  await new SqliteStore(join(folder, 'store.db')).createWorkspace(USER, 'a private name');
  // A timer of its own keeps the process alive, as the log does not.
  await until(lines, [/turnwire::turn/, /turnwire::store/, /turnwire::outbox/, /turnwire::speech/, /turnwire::service/, /turnwire::chat/]);
  const text = lines.join('\n');
  for (const secret of [access, refresh]) assert.ok(!text.includes(secret));
  assert.doesNotMatch(text, SECRETS);
});
