/** Stores: the client of a chat store, and the embedded store; alone and behind turns. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import {
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  CallbackError,
  ChatStore,
  ConfigError,
  InternalServerError,
  InvalidRequestError,
  NotFoundError,
  OpenAI,
  Outbox,
  presets,
  SqliteStore,
  StorageError,
  StoreMessage,
  Turns,
} from 'turnwire';

import { chat, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000001';
let fake;
let store;
let folder;
before(async () => {
  [fake, store] = await Promise.all([startFake(), startStore()]);
  folder = mkdtempSync(join(tmpdir(), 'turnwire-store-'));
});
afterEach(() => store.reset());
after(() => {
  fake.close();
  store.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

let files = 0;
const file = () => join(folder, 'var', `${++files}.db`);

async function client(settings) {
  const { access, refresh } = await store.login(USER);
  return new ChatStore({ baseURL: store.url, accessToken: access, refreshToken: refresh, ...settings });
}

test('a conversation is kept in the chat store', async () => {
  const kept = await client();
  const workspace = await kept.createWorkspace(USER, '첫 대화');
  await kept.startSession(workspace.id, USER);
  const asked = StoreMessage.fromUser(workspace.id, USER, '안녕하세요');
  const reply = StoreMessage.replyTo(asked, '반갑습니다', { sentAt: 0 });
  assert.deepEqual([reply.role, reply.parentId, reply.sentAt], ['AI', asked.id, asked.sentAt + 1]);
  for (const message of [reply, asked, asked]) assert.equal(await kept.save(message), undefined);
  await kept.countMessage(workspace.id);
  assert.deepEqual(await kept.history(workspace.id), [asked, reply]);
  assert.equal((await kept.activeSession(workspace.id)).sessionMessageCount, 1);
  await kept.setSessionStatus(workspace.id, 'COMPLETED');
  assert.equal(await kept.activeSession(workspace.id), null);
  const [listed] = await kept.workspaces(USER);
  assert.deepEqual([listed.id, listed.name, listed.userId, listed.status, listed.deletedAt], [workspace.id, '첫 대화', USER, 'ACTIVE', null]);
  assert.equal(typeof listed.createdAt, 'number');
  assert.deepEqual(await kept.workspaces(USER, 'DELETED'), []);
  assert.deepEqual(kept.stats(), { saved: 3, counted: 1, uncounted: 0, reissued: 0 });
});

test('tokens belong to a client, a copy or nobody', async () => {
  const anybody = new ChatStore(store.url);
  await assert.rejects(anybody.workspaces(USER), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.deepEqual([error.errorCode, error.operation, error.status], ['authentication', 'store.workspaces', undefined]);
    return /has no tokens/.test(error.message);
  });
  const { access, refresh } = await store.login(USER);
  const somebody = anybody.withTokens(access, refresh);
  assert.ok(somebody instanceof ChatStore);
  assert.deepEqual(await somebody.forUser(USER).workspaces(USER), []);
  assert.throws(() => new ChatStore({ baseURL: store.url, accessToken: 'a' }), { constructor: ConfigError, message: /belong together/ });
  assert.throws(() => new ChatStore({ baseURL: store.url, accesToken: 'a' }), { constructor: ConfigError, message: /is no setting/ });
  assert.throws(() => new ChatStore(), ConfigError);
});

test('an error of the store is told without its tokens', async () => {
  const [access, refresh] = ['YWNjZXNz', 'cmVmcmVzaA'].map((part) => `eyJhbGciOiJIUzI1NiJ9.${part}.c2lnbmF0dXJl`);
  const kept = new ChatStore({ baseURL: store.url, accessToken: access, refreshToken: refresh, http: { retry: { maxRetries: 0 } } });
  for (const [status, kind] of [[400, BadRequestError], [500, InternalServerError]]) {
    await store.script({ status, steps: [{ json: { success: false, message: `refused: ${access}`, data: null } }] }, 'history');
    await assert.rejects(kept.history('w'), (error) => {
      assert.ok(error instanceof kind);
      assert.deepEqual([error.operation, error.status], ['store.history', status]);
      assert.match(error.message, /refused/);
      const shown = [inspect(error, { depth: 9, showHidden: true }), inspect(kept, { depth: 9, showHidden: true }), JSON.stringify([error, kept]), error.stack].join();
      assert.ok(![access, refresh, 'YWNjZXNz'].some((secret) => shown.includes(secret)), shown);
      return true;
    });
  }
});

test('a call has options of its own, and is aborted by a signal', async () => {
  const kept = await client();
  await store.workspace('options', USER);
  await kept.history('options', { headers: { 'x-team': 'red' } });
  assert.ok((await store.requests()).at(-1).headers.some(([name, value]) => name === 'x-team' && value === 'red'));
  await store.script({ wait_ms_before_headers: 60_000, steps: [] }, 'history');
  await assert.rejects(kept.history('options', { timeout: 100, maxRetries: 0 }), APIConnectionTimeoutError);
  await assert.rejects(kept.history('options', { signal: AbortSignal.timeout(50) }), APIUserAbortError);
});

test('a conversation is kept in a file', async () => {
  const path = file();
  const kept = new SqliteStore(path);
  assert.equal(kept.path, path);
  const workspace = await kept.createWorkspace(USER, '첫 대화');
  const messages = Array.from({ length: 5 }, (_, at) => StoreMessage.fromUser(workspace.id, USER, `${at}`, { sentAt: at * 300_000 }));
  for (const message of messages.toReversed?.() ?? [...messages].reverse()) await kept.save(USER, message);
  assert.deepEqual(await kept.history(USER, workspace.id), messages);
  const page = await kept.historyPage(USER, workspace.id, { limit: 2 });
  assert.deepEqual(page, { messages: messages.slice(3), before: messages[3].id });
  assert.deepEqual(await kept.historyPage(USER, workspace.id, { before: page.before }), { messages: messages.slice(0, 3), before: null });
  assert.deepEqual(await kept.sessions(USER, workspace.id), [{ startedAt: 0, lastMessageAt: 1_200_000, messages: 5 }]);
  assert.equal((await kept.renameWorkspace(USER, workspace.id, 'new')).name, 'new');
  assert.deepEqual((await new SqliteStore(path).workspaces(USER)).map(({ name }) => name), ['new']);
  assert.deepEqual(await kept.workspaces('another'), []);
  await assert.rejects(kept.history('another', workspace.id), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.deepEqual([error.errorCode, error.operation, error.status], ['not_found', 'store.history', undefined]);
    return error.message.includes(workspace.id);
  });
  await assert.rejects(kept.historyPage(USER, workspace.id, { limit: 0 }), InvalidRequestError);
  assert.equal(await kept.deleteWorkspace(USER, workspace.id), true);
  assert.equal(await kept.deleteWorkspace(USER, workspace.id), false);
});

test('a file that is no store is left as it is', () => {
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'no database at all\n'.repeat(100));
  for (const path of [text, folder]) assert.throws(() => new SqliteStore(path), (error) => error instanceof StorageError && error.message.includes(path));
  assert.equal(readFileSync(text, 'utf8'), 'no database at all\n'.repeat(100));
});

test('a message that cannot be read is refused without its text', async () => {
  const wrong = { ...StoreMessage.fromUser('w', USER, 'private words'), sentAt: 'private words' };
  for (const save of [async () => (await client()).save(wrong), () => new SqliteStore(file()).save(USER, wrong)]) {
    await assert.rejects(save(), (error) => error instanceof InvalidRequestError && /sentAt must be a whole number/.test(error.message) && !/private/.test(error.message));
  }
});

test('half a surrogate pair in an argument of a store becomes a replacement character', async () => {
  const kept = await client();
  const workspace = await kept.createWorkspace(USER, 'n\ud83d \ud83d\ude00');
  assert.deepEqual((await kept.workspaces(USER)).map(({ name }) => name), ['n\ufffd 😀']);
  const message = StoreMessage.fromUser(workspace.id, USER, 'a\udc00');
  await kept.save(message);
  await kept.save(StoreMessage.replyTo(message, 'b\ud83d'));
  assert.deepEqual((await kept.history(workspace.id)).map(({ content }) => content), ['a\ufffd', 'b\ufffd']);
  for (const call of [
    () => kept.history('w\ud83d'),
    () => kept.countMessage('w\ud83d'),
    () => kept.activeSession('w\ud83d'),
    () => kept.startSession('w\ud83d', USER),
    () => kept.setSessionStatus('w\ud83d', 'ACTIVE'),
    () => kept.workspaces('w\ud83d'),
  ]) {
    // There is no such workspace, and no such user.
    await call().catch((error) => assert.ok(error instanceof APIError, error));
    assert.match(JSON.stringify((await store.requests()).at(-1)), /w(%EF%BF%BD|\ufffd)/);
  }
  const sqlite = new SqliteStore(file());
  const { id } = await sqlite.createWorkspace('u\ud83d', 'n\udc00');
  assert.deepEqual((await sqlite.workspaces('u\ufffd')).map(({ name }) => name), ['n\ufffd']);
  await sqlite.save('u\ud83d', StoreMessage.fromUser(id, 'u\ud83d', 'a\ud83d'));
  assert.deepEqual((await sqlite.history('u\ud83d', id)).map(({ content }) => content), ['a\ufffd']);
});

test('a time beyond 64 bits is refused, and a limit that large is none', async () => {
  const message = StoreMessage.fromUser('w', USER, 'a');
  const sqlite = new SqliteStore(file());
  for (const sentAt of [1e30, -1e30, 0.5, NaN]) {
    for (const save of [async () => (await client()).save({ ...message, sentAt }), () => sqlite.save(USER, { ...message, sentAt })]) {
      await assert.rejects(save(), { code: 'invalid_request', message: /sentAt must be a (whole )?number/ });
    }
  }
  await assert.rejects(sqlite.save(USER, { ...message, sentAt: 2n ** 64n }), { code: 'invalid_request' });
  const { id } = await sqlite.createWorkspace(USER, 'a');
  assert.deepEqual(await sqlite.historyPage(USER, id, { limit: 1e30 }), { messages: [], before: null });
});

test('turns keep their messages in a store that is an object', async () => {
  const llm = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
  const [service, sqlite] = [await client(), new SqliteStore(file())];
  for (const [kept, history] of [[service, (id) => service.history(id)], [sqlite, (id) => sqlite.history(USER, id)]]) {
    const model = await fake.script([chat('반갑', '습니다'), chat('again')]);
    const turns = new Turns(llm, { model, store: kept, naming: 'first_words' });
    let workspaceId;
    for await (const event of turns.start({ message: '안녕하세요', userId: USER, createWorkspace: true })) if (event.type === 'workspace') ({ workspaceId } = event);
    assert.equal((await turns.flush()).dead, 0);
    assert.deepEqual((await history(workspaceId)).map(({ content }) => content), ['안녕하세요', '반갑습니다']);
    for await (const _ of turns.start({ message: 'more', userId: USER, workspaceId }));
    assert.match((await fake.requests(model)).at(-1).body, /반갑습니다/);
    await turns.flush();
    assert.equal((await history(workspaceId)).length, 4);
  }
});

test('a preset sets all prompts, and a setting of a single one wins', async () => {
  const llm = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
  const prompts = presets.korean();
  assert.equal(prompts.labels.at(-1), '중립');
  const systemOf = async (settings) => {
    const model = await fake.script([chat('a'), chat('a'), chat('a')]);
    const turns = new Turns(llm, { model, prompts, sentiment: () => '기쁨', sentimentBudget: 5000, ...settings });
    for await (const _ of turns.start({ message: 'm' }));
    const { messages } = JSON.parse((await fake.requests(model)).at(-1).body);
    return messages.find(({ role }) => role === 'system').content;
  };
  assert.equal(await systemOf({}), `${prompts.system}\n\n사용자의 감정: 기쁨`);
  assert.equal(await systemOf({ systemPrompt: 'own' }), 'own\n\n사용자의 감정: 기쁨');
  assert.equal(await systemOf({ prompts: { ...prompts, sentimentHint: '[{label}]' } }), `${prompts.system}\n\n[기쁨]`);
});

test('a token provider is asked for a user in the context of the call', async () => {
  const who = new AsyncLocalStorage();
  const asked = [];
  const tokenProvider = async ({ userId, refused }) => {
    await null;
    asked.push([userId, refused?.accessToken ?? null, who.getStore()]);
    const { access, refresh } = await store.login(USER);
    return { accessToken: access, refreshToken: refresh };
  };
  const kept = new ChatStore({ baseURL: store.url, tokenProvider });
  await who.run('somebody', async () => {
    assert.deepEqual(await kept.forUser('u-7').history('w'), []);
    assert.deepEqual(await kept.workspaces('u-8'), []);
    await kept.withTokens('stale', 'stale').history('w');
  });
  assert.deepEqual(asked, [['u-7', null, 'somebody'], ['u-8', null, 'somebody'], [null, 'stale', 'somebody']]);
});

test("a token provider that fails is the call's error", async () => {
  const failing = (tokenProvider) => new ChatStore({ baseURL: store.url, tokenProvider }).history('w');
  for (const [provider, why] of [[() => { throw new RangeError('no login'); }, /no login/], [() => 'token', /must return/]]) {
    await assert.rejects(failing(provider), (error) => error instanceof CallbackError && error.operation === 'store.tokens' && why.test(error.message));
  }
  await assert.rejects(failing(() => null), AuthenticationError);
});

test("turns and their outbox ask the store's token provider, which lives as long as they", async () => {
  const asked = new Set();
  const tokenProvider = async ({ userId }) => {
    asked.add(userId);
    const { access, refresh } = await store.login(USER);
    return { accessToken: access, refreshToken: refresh };
  };
  await store.workspace('asking', USER);
  const model = await fake.script(chat('b'));
  const llm = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
  const turns = new Turns(llm, { model, store: new ChatStore({ baseURL: store.url, tokenProvider }) });
  const outbox = new Outbox(null, { sink: new ChatStore({ baseURL: store.url, tokenProvider }) });
  for (let round = 0; round < 5; round += 1) {
    gc();
    await new Promise(setImmediate);
  }
  for await (const _ of turns.start({ message: 'a', userId: USER, workspaceId: 'asking' }));
  assert.deepEqual(await turns.flush(), { delivered: 2, pending: 0, dead: 0 });
  const message = StoreMessage.fromUser('asking', USER, 'c');
  await outbox.enqueue({ message, userId: USER });
  assert.equal((await outbox.flush()).delivered, 1);
  assert.deepEqual([...asked], [USER]);
  assert.deepEqual((await (await client()).history('asking')).map(({ content }) => content), ['a', 'b', 'c']);
});

test('an outbox delivers to an embedded store', async () => {
  const kept = new SqliteStore(file());
  const { id } = await kept.createWorkspace(USER, 'a');
  const message = StoreMessage.fromUser(id, USER, 'hi');
  const outbox = new Outbox(null, { sink: kept });
  await outbox.enqueue({ message, userId: USER });
  assert.equal((await outbox.flush()).delivered, 1);
  assert.deepEqual(await kept.history(USER, id), [message]);
});
