/**
 * Chat pages on the AI SDK against a chat service: the stock `Chat` and `useChat` of `ai` 5, 6 and 7, as they are installed. The
 * service is given by its address, in whatever language it runs.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<main></main>');
Object.assign(globalThis, { window, document: window.document });
globalThis.navigator ??= window.navigator; // Node 20 has none
const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');

const MAJORS = await Promise.all([5, 6, 7].map(async (major) => ({ major, ...(await import(`ai${major}`)), ...(await import(`react${major}`)) })));

const SENTENCE = 'The answer broke off. Please try again.';
const USAGE = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };

const chat = (...texts) => ({
  steps: [{ role: 'assistant' }, ...texts.map((text) => ({ text })), { finish: 'stop' }, { usage: [3, 4] }, { done: true }],
});
const cut = { steps: [{ role: 'assistant' }, { text: 'half' }, { truncate: true }] };
const held = { steps: [{ role: 'assistant' }, { text: 'half' }, { stall: true }] };
const failed = { framing: 'length', status: 500, steps: [{ json: { error: { message: 'secret of the backend' } } }] };

/**
 * The tests of a service. It serves the routes of the contract below `url` for the model `pages` of the fake `llm`, with the fake
 * `store`; the header `x-user` authenticates. Its settings: `turn_events`, `usage_events`, `sentiment_events`, names of workspaces
 * from the first words, a sentiment that is always `calm`, a speaker that is asked while the text streams and says the text's own
 * bytes, and keep-alives every 50 ms.
 */
export function pages(service) {
  for (const library of MAJORS) {
    const at = (name) => `ai ${library.major}: ${name}`;
    const open = (options) => Page.open(service, library, options);

    test(at('a reply is the message of the store, with its facts'), async () => {
      await service.llm.script([chat('안', '녕 😀\n"', '하세요.')], 'pages stream');
      const page = await open();
      const statuses = await page.send('오늘 기분이 어때요?');
      assert.deepEqual(statuses, ['submitted', 'streaming', 'ready']);
      const [asked, reply] = page.chat.messages;
      assert.deepEqual(texts(page), [['user', '오늘 기분이 어때요?'], ['assistant', '안녕 😀\n"하세요.']]);
      assert.deepEqual(reply.parts.filter(({ type }) => type === 'text').map(({ state }) => state), ['done']);
      const { workspaceId, turnId, userMessageId, usage, stopped, model } = reply.metadata;
      assert.deepEqual([usage, stopped, model], [USAGE, undefined, 'pages']);
      assert.ok(turnId && workspaceId);
      const [first, second] = await page.stored(2);
      assert.equal(first.msgWorkspaceId, workspaceId);
      assert.deepEqual([first.msgId, second.msgId, second.parentMsgId], [userMessageId, reply.id, userMessageId]);
      assert.deepEqual([first.msgContent, second.msgContent], ['오늘 기분이 어때요?', '안녕 😀\n"하세요.']);
      assert.match(asked.id, /^[\w-]{16}$/);
      const facts = page.finished.at(-1);
      assert.equal(facts.message.id, reply.id);
      assert.deepEqual([facts.isAbort, facts.isDisconnect, facts.isError], [false, false, false]);
      assert.equal(facts.finishReason, 'stop');
      assert.deepEqual(page.errors, []);
      // Data for the page alone, and data that stay in the message.
      assert.deepEqual(page.data('data-workspace'), [{ workspaceId }]);
      const audio = page.data('data-audio');
      assert.deepEqual(audio.map(({ seq, mime, audioBase64 }) => [seq, mime, Buffer.from(audioBase64, 'base64').toString()]), audio.map(({ text }, at) => [at, 'audio/mpeg', text]));
      assert.match(audio.map(({ text }) => text).join(''), /^안녕.*하세요\.$/s);
      assert.deepEqual(reply.parts.filter(({ type }) => type.startsWith('data-')).map(({ type, data }) => [type, data]), [['data-sentiment', { label: 'calm' }]]);
    });

    test(at('a second message goes on in the workspace, and ids of the page that are UUIDs are the store’s'), async () => {
      await service.llm.script([chat('a'), chat('b')], 'pages stream');
      const page = await open({ generateId: randomUUID });
      await page.send('one');
      await page.send('two');
      assert.deepEqual(texts(page), [['user', 'one'], ['assistant', 'a'], ['user', 'two'], ['assistant', 'b']]);
      assert.deepEqual((await page.stored(4)).map(({ msgId }) => msgId), page.chat.messages.map(({ id }) => id));
      assert.deepEqual((await page.asked()).map(({ content }) => content), ['one', 'a', 'two']);
    });

    test(at('a reply that breaks off is an error, and its text is kept'), async () => {
      await service.llm.script([cut], 'pages stream');
      const page = await open();
      assert.equal((await page.send('one')).at(-1), 'error');
      assert.deepEqual([page.errors.map(({ message }) => message), page.chat.error.message], [[SENTENCE], SENTENCE]);
      assert.deepEqual(texts(page), [['user', 'one'], ['assistant', 'half']]);
      assert.deepEqual(page.chat.messages[1].parts.filter(({ type }) => type === 'text').map(({ state }) => state), ['done']);
      assert.equal(page.finished.at(-1).isError, true);
      // Generated again it is the same message, here and in the store.
      const { id } = page.chat.messages[1];
      await page.stored(2);
      await service.llm.script([chat('whole')], 'pages stream');
      await page.does(() => page.chat.regenerate());
      assert.deepEqual(texts(page), [['user', 'one'], ['assistant', 'whole']]);
      assert.equal(page.chat.messages[1].id, id);
      const rows = await page.stored(2, ([, reply]) => reply.msgContent === 'whole');
      assert.deepEqual(rows.map(({ msgContent }) => msgContent), ['one', 'whole']);
      assert.deepEqual((await page.asked()).map(({ content }) => content), ['one']);
    });

    test(at('a model that fails is an error in a sentence, without details'), async () => {
      await service.llm.script([failed], 'pages stream');
      const page = await open();
      assert.equal((await page.send('one')).at(-1), 'error');
      assert.match(page.chat.error.message, /^The assistant could not answer\. /);
      assert.equal(page.finished.at(-1).isError, true);
    });

    test(at('a message after a reply that failed before its workspace was known goes on in that workspace'), async () => {
      await service.llm.script([failed, chat('b')], 'pages stream');
      const page = await open();
      assert.equal((await page.send('one')).at(-1), 'error');
      assert.equal((await page.send('two')).at(-1), 'ready');
      await page.stored(3);
    });

    test(at('a page that stops lets the model go, and the text so far is kept'), async () => {
      await service.llm.script([held], 'pages stream');
      const page = await open();
      const sent = page.send('one');
      await page.shows('half');
      await page.chat.stop();
      assert.equal((await sent).at(-1), 'ready');
      assert.equal(page.finished.at(-1).isAbort, true);
      await until(async () => (await page.request()).outcome === 'client_closed', () => 'the model still streams');
      const rows = await page.stored(2);
      assert.deepEqual(rows.map(({ msgContent }) => msgContent), ['one', 'half']);
      assert.equal(rows[1].msgId, page.chat.messages[1].id);
    });

    test(at('a turn that is stopped from elsewhere is complete, and says so'), async () => {
      await service.llm.script([held], 'pages stream');
      const page = await open();
      const sent = page.send('one');
      await page.shows('half');
      const { turnId } = page.chat.messages[1].metadata;
      const stopped = await fetch(`${service.url}/chat/stop`, { method: 'POST', headers: { 'content-type': 'application/json', ...page.headers }, body: JSON.stringify({ turnId }) });
      assert.equal(stopped.status, 204);
      assert.equal((await sent).at(-1), 'ready');
      const [, reply] = page.chat.messages;
      assert.deepEqual([reply.metadata.stopped, page.finished.at(-1).finishReason, page.finished.at(-1).isError], [true, 'other', false]);
      assert.deepEqual(reply.parts.filter(({ type }) => type === 'text').map(({ text, state }) => [text, state]), [['half', 'done']]);
    });

    test(at('a request that is refused shows one sentence'), async () => {
      const stranger = await open({ headers: { 'x-user': undefined } });
      assert.equal((await stranger.send('one')).at(-1), 'error');
      assert.equal(stranger.chat.error.message, 'Please sign in.');
      assert.deepEqual(texts(stranger), [['user', 'one']]);
      const page = await open();
      assert.equal((await page.send(' ')).at(-1), 'error');
      assert.equal(page.chat.error.message, 'The message is empty.');
    });

    test(at('a plain text stream is the same reply, and breaks off with a turn that fails'), async () => {
      // Text that has arrived and was not read is lost when `fetch` fails: the page reads it first.
      const end = randomUUID();
      await service.llm.script([chat('안', '녕 😀'), chat('b'), { steps: [{ text: 'half' }, { hold: end }, { truncate: true }] }], 'pages stream');
      const page = await open({ text: true });
      assert.equal((await page.send('one')).at(-1), 'ready');
      await page.send('two');
      assert.deepEqual(texts(page), [['user', 'one'], ['assistant', '안녕 😀'], ['user', 'two'], ['assistant', 'b']]);
      // The page knows no workspace: it is that of the first message.
      assert.deepEqual((await page.asked()).map(({ content }) => content), ['one', '안녕 😀', 'two']);
      const sent = page.send('three');
      await page.shows('half');
      await service.llm.release(end);
      assert.equal((await sent).at(-1), 'error');
      assert.equal(page.finished.at(-1).isError, true);
      assert.deepEqual(texts(page).at(-1), ['assistant', 'half']);
    });

    test(at('the hook shows the reply as it grows'), async () => {
      const rest = randomUUID();
      await service.llm.script([{ steps: [{ text: '안' }, { hold: rest }, { text: '녕' }, { finish: 'stop' }, { done: true }] }], 'pages stream');
      const { options } = await open();
      const shown = [];
      let page;
      const Shown = () => {
        page = library.useChat(options);
        shown.push([page.status, page.messages.at(-1)?.parts.filter(({ type }) => type === 'text').map(({ text }) => text).join('') ?? '']);
        return null;
      };
      const root = createRoot(document.querySelector('main'));
      root.render(createElement(Shown));
      await until(() => page, () => 'nothing was shown');
      const sent = page.sendMessage({ text: 'one' });
      await until(() => shown.at(-1)[1] === '안', () => JSON.stringify(shown));
      await service.llm.release(rest);
      await sent;
      await until(() => shown.at(-1)[0] === 'ready', () => JSON.stringify(shown));
      assert.deepEqual(shown.at(-1), ['ready', '안녕']);
      assert.deepEqual([...new Set(shown.map(([status]) => status))], ['ready', 'submitted', 'streaming']);
      assert.equal(page.error, undefined);
      root.unmount();
    });
  }
}

/** A page with a conversation of a new user. */
class Page {
  finished = [];
  errors = [];
  #data = [];

  static async open(service, library, { headers, text, ...options } = {}) {
    const page = new Page();
    page.service = service;
    page.user = randomUUID();
    const { access, refresh } = await service.store.login(page.user);
    const all = { 'x-user': page.user, authorization: `Bearer ${access}`, refreshtoken: `Bearer ${refresh}`, ...headers };
    page.headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const Transport = text ? library.TextStreamChatTransport : library.DefaultChatTransport;
    page.options = {
      transport: new Transport({ api: `${service.url}/chat/${text ? 'text' : 'ui'}`, headers: page.headers }),
      onFinish: (facts) => page.finished.push(facts),
      onError: (error) => page.errors.push(error),
      onData: (part) => page.#data.push(part),
      ...options,
    };
    page.chat = new library.Chat(page.options);
    return page;
  }

  /** The statuses of the page, from a message to the end of its reply. */
  send(text) {
    return this.does(() => this.chat.sendMessage({ text }));
  }

  async does(act) {
    const statuses = [];
    const forget = this.chat['~registerStatusCallback'](() => statuses.push(this.chat.status));
    await act();
    forget();
    return statuses;
  }

  data(type) {
    return this.#data.filter((part) => part.type === type).map(({ data }) => data);
  }

  shows(text) {
    return until(() => texts(this).at(-1)?.join() === `assistant,${text}`, () => JSON.stringify(this.chat.messages));
  }

  /** The messages of the conversation in the store, once there are so many. */
  async stored(count, holds = () => true) {
    let rows;
    const of = async () => {
      const all = (await this.service.store.stored()).messages.map(({ message }) => message);
      const asked = new Set(all.filter(({ msgSenderUUID }) => msgSenderUUID === this.user).map(({ msgId }) => msgId));
      return all.filter(({ msgId, parentMsgId }) => asked.has(msgId) || asked.has(parentMsgId));
    };
    await until(async () => (rows = await of()).length >= count && holds(rows), () => JSON.stringify(rows));
    assert.equal(rows.length, count);
    assert.equal(new Set(rows.map(({ msgWorkspaceId }) => msgWorkspaceId)).size, 1);
    return rows;
  }

  /** The last request to the model. */
  async request() {
    return (await this.service.llm.requests('pages')).at(-1);
  }

  /** The messages of the user and the model in it. */
  async asked() {
    return JSON.parse((await this.request()).body).messages.filter(({ role }) => role !== 'system');
  }
}

/** The roles and texts of the messages. */
function texts({ chat: { messages } }) {
  return messages.map(({ role, parts }) => [role, parts.filter(({ type }) => type === 'text').map(({ text }) => text).join('')]);
}

async function until(holds, found, ms = 60_000) {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`it did not come so: ${found()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
