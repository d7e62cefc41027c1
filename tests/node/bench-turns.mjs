/**
 * One measurement of turns, in a process of its own: `bench-turns.mjs <client> <what> <place>`.
 *
 * `turnwire` is measured beside `by-hand`: the same turn as it is written with `openai`, `JSON.stringify` and `fetch`. `place`
 * is the JSON of the services, whose owner checks that every message was saved and counted. It prints the values as JSON.
 */

import { randomUUID } from 'node:crypto';

const [client, what, text] = process.argv.slice(2);
const place = JSON.parse(text);
const bare = process.memoryUsage.rss();

const MESSAGE = '오늘 기분이 어때요?';
const PROMPT = '공감하며 따뜻하게 대답하세요.';
const CONTENT = Buffer.from('"content":');

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Turns of turnwire: a function that gives the event stream of a turn, and one that waits for the saves. */
async function engine(settings = {}) {
  const { OpenAI, Turns } = await import('turnwire');
  const llm = new OpenAI({ baseURL: place.model, apiKey: 'k', maxRetries: 0 });
  const turns = new Turns(llm, { model: 'm', store: place.store, systemPrompt: PROMPT, ...settings });
  const user = { userId: place.user, accessToken: place.access, refreshToken: place.refresh };
  return {
    read: (workspaceId) =>
      turns.start({ message: MESSAGE, ...user, ...(workspaceId ? { workspaceId } : { createWorkspace: true }) }).sse(),
    async finish() {
      const { pending, dead } = await turns.flush({ timeout: 60_000 });
      if (pending + dead > 0) throw new Error(`${pending} messages are pending, ${dead} are dead`);
    },
  };
}

/** The same without turnwire, step by step. */
async function byHand({ sentiment } = {}) {
  const { default: OpenAI } = await import('openai');
  const llm = new OpenAI({ baseURL: place.model, apiKey: 'k', maxRetries: 0 });
  const tokens = { Authorization: `Bearer ${place.access}`, refreshToken: `Bearer ${place.refresh}` };
  const saves = new Set();

  /** A call of the store, and its data. */
  async function call(method, path, { query, json } = {}) {
    const url = `${place.store}/api/${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
    const headers = json ? { ...tokens, 'content-type': 'application/json' } : tokens;
    const body = json && JSON.stringify(json);
    const response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    const answer = await response.text();
    return answer ? JSON.parse(answer).data : [];
  }

  /** Saves a message and counts it, after the one before it. */
  function saveSoon(message, after) {
    const save = (async () => {
      await after;
      await call('POST', 'chat/save', { json: message });
      await call('PATCH', 'session/update-messages', { query: { workspaceId: message.msgWorkspaceId } });
    })();
    saves.add(save);
    return save;
  }

  /** A new workspace with a session, whose name the model gives. */
  async function open() {
    const content = `다음 메시지에 어울리는 짧은 제목을 지어 주세요: ${MESSAGE}`;
    const named = await llm.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }] });
    const query = { memUuid: place.user, workspaceName: named.choices[0].message.content };
    const { workspaceId } = await call('POST', 'workspace/create', { query });
    await call('POST', 'session/start', { query: { workspaceId, memUUID: place.user } });
    return workspaceId;
  }

  async function* read(given) {
    const askedAt = Date.now();
    const system = sentiment ? `${PROMPT} 감정: ${await sentiment(MESSAGE)}` : PROMPT;
    const workspaceId = given ?? (await open());
    const history = given ? await call('GET', `chat/history/${given}`) : [];
    history.sort((a, b) => a.msgSentAt - b.msgSentAt);
    yield event({ type: 'workspace', workspaceId });
    const asked = {
      msgId: randomUUID(),
      msgSenderRole: 'USER',
      msgContent: MESSAGE,
      msgSentAt: askedAt,
      msgSenderUUID: place.user,
      parentMsgId: null,
      msgType: 'T',
      msgWorkspaceId: workspaceId,
    };
    const saved = saveSoon(asked);
    const roles = { USER: 'user', AI: 'assistant' };
    const messages = [
      { role: 'system', content: system },
      ...history.map(({ msgSenderRole, msgContent }) => ({ role: roles[msgSenderRole], content: msgContent })),
      { role: 'user', content: MESSAGE },
    ];
    let reply = '';
    for await (const chunk of await llm.chat.completions.create({ model: 'm', messages, stream: true })) {
      const content = chunk.choices[0]?.delta.content;
      if (!content) continue;
      reply += content;
      yield event({ type: 'content', content });
    }
    yield event({ type: 'done' });
    const message = {
      ...asked,
      msgId: randomUUID(),
      msgSenderRole: 'AI',
      msgContent: reply,
      msgSentAt: Math.max(askedAt + 1, Date.now()),
      msgSenderUUID: 'ai-uuid-1234-5678-90ab-cdef12345678',
      parentMsgId: asked.msgId,
    };
    saveSoon(message, saved);
  }

  return {
    read,
    async finish() {
      await Promise.all(saves);
      saves.clear();
    },
  };
}

/** A frame of the event stream, as bytes. */
const event = (data) => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);

/** The number of tokens in a piece. */
function count(piece) {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  let found = 0;
  for (let at = bytes.indexOf(CONTENT); at >= 0; at = bytes.indexOf(CONTENT, at + CONTENT.length)) found += 1;
  return found;
}

const made = (settings) => (client === 'turnwire' ? engine(settings) : byHand(settings));

/** Reads a turn of every workspace, all at once. */
async function batch(read) {
  const found = await Promise.all(place.workspaces.map(read));
  if (found.some((tokens) => tokens !== place.tokens)) throw new Error(`not all tokens were read: ${found}`);
}

/** The CPU time of the whole process, every thread, in microseconds. */
function cpu(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const measure = {
  /** The CPU time of a token, with all that its turn does. */
  async cpu() {
    const way = await made();
    const read = async (workspace) => {
      let tokens = 0;
      for await (const piece of way.read(workspace)) tokens += count(piece);
      return tokens;
    };
    await batch(read); // it connects, and warms up
    await way.finish();
    const before = process.cpuUsage();
    for (let n = 0; n < place.batches; n += 1) await batch(read);
    await way.finish();
    return { us: cpu(before) / (place.batches * place.workspaces.length * place.tokens) };
  },

  /** The wait for the first content of a new conversation: the middle of some, after one that connects. */
  async first() {
    const way = await made({ sentiment: async () => (await wait(place.sentiment_ms), '중립') });
    const waits = [];
    for (let n = 0; n <= place.firsts; n += 1) {
      const began = performance.now();
      let first;
      for await (const piece of way.read()) if (count(piece) >= 1) first ??= performance.now() - began;
      waits.push(first);
    }
    await way.finish();
    waits.shift();
    return { ms: waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)] };
  },

  /**
   * The delay of a token beside functions that take their time, p99. A token is due at the pace of its stream, from its
   * earliest on. A function that never yields holds up all of JavaScript, whoever calls it.
   */
  async delay() {
    const way = await made({ sentiment: async () => (await wait(300), '중립') });
    const late = [];
    await batch(async (workspace) => {
      const arrivals = [];
      for await (const piece of way.read(workspace)) {
        const at = performance.now();
        for (let n = count(piece); n > 0; n -= 1) arrivals.push(at);
      }
      const behind = arrivals.map((at, number) => at - number * place.pace_ms);
      const earliest = Math.min(...behind);
      late.push(...behind.map((at) => at - earliest));
      return arrivals.length;
    });
    await way.finish();
    late.sort((a, b) => a - b);
    return { ms: late[Math.floor((late.length * 99) / 100)] };
  },

  async import() {
    const before = process.cpuUsage();
    await import(client === 'turnwire' ? 'turnwire' : 'openai');
    return { ms: cpu(before) / 1e3 };
  },

  /** The memory of a client and its first stream, above bare Node. */
  async memory() {
    const { OpenAI } = await import(client === 'turnwire' ? 'turnwire' : 'openai');
    const llm = new OpenAI({ baseURL: place.model, apiKey: 'k', maxRetries: 0 });
    const messages = [{ role: 'user', content: MESSAGE }];
    let tokens = 0;
    for await (const chunk of await llm.chat.completions.create({ model: 'm', messages, stream: true })) {
      if (chunk.choices[0]?.delta.content) tokens += 1;
    }
    return { kib: (process.memoryUsage.rss() - bare) / 1024, tokens };
  },
};

console.log(JSON.stringify(await measure[what]()));
