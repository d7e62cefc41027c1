/** The ledger, on rows that are made up: what it finds, and that it finds it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare } from './compare.mjs';
import { Ledger } from './ledger.mjs';

const TIMES = 1_800_000_000_000;

/** Two conversations of two turns each that are stored as they were sent. No message is counted, as a kill may lose it. */
function whole() {
  const conversations = ['a', 'b'].map((name) => ({
    workspaceId: name,
    messages: [1, 2].map((turn) => ({ text: `${name}${turn}`, messageId: `${name}${turn}m`, replyId: `${name}${turn}r`, seen: `re ${name}${turn}`, isTaken: true, isDone: true, isLeft: false })),
  }));
  const workspaces = conversations.map(({ workspaceId, messages }) => ({
    workspaceId,
    counted: 0,
    rows: messages.flatMap(({ text, messageId, replyId, seen }, at) => [
      { msgId: messageId, parentMsgId: null, msgContent: text, msgSentAt: TIMES + 10 * at },
      { msgId: replyId, parentMsgId: messageId, msgContent: seen, msgSentAt: TIMES + 10 * at + 5 },
    ]),
  }));
  return { conversations, workspaces };
}

const leave = (message) => Object.assign(message, { isDone: false, isLeft: true });

/** Each changes what is stored or known; the words that must then be found, all of them, or none. */
const CASES = {
  'all as it was sent': [() => {}, []],
  'two messages in each other’s conversation': [
    ({ workspaces: [a, b] }) => {
      [a.rows[2], b.rows[2]] = [b.rows[2], a.rows[2]];
    },
    [/a1: split over 2/, /a1: has a message of another conversation: b2/, /b1: split over 2/, /b1: has a message of another conversation: a2/],
  ],
  'a conversation in two workspaces': [
    ({ workspaces }) => {
      const [a] = workspaces;
      workspaces.push({ workspaceId: 'c', rows: a.rows.splice(2) });
    },
    [/a1: split over 2 workspaces/],
  ],
  'all of a conversation in another workspace': [
    ({ workspaces: [a] }) => {
      a.workspaceId = 'c';
    },
    [/a1: the workspace a is lost/],
  ],
  'an empty workspace more': [({ workspaces }) => workspaces.push({ workspaceId: 'c', rows: [] }), [/workspace c: empty/]],
  'a workspace of nobody’s messages': [({ workspaces }) => workspaces.push({ workspaceId: 'c', rows: [{ msgId: 'x', msgContent: 'whose' }] }), [/workspace c: of no conversation: whose/]],
  'a message twice under one id': [({ workspaces: [a] }) => a.rows.push({ ...a.rows[2], msgSentAt: TIMES + 100 }), [/a1: doubled: a2/]],
  'a message twice under two ids': [({ workspaces: [a] }) => a.rows.push({ ...a.rows[2], msgId: 'x', msgSentAt: TIMES + 100 }), [/a1: doubled: a2/]],
  'a message lost': [({ workspaces: [a] }) => a.rows.splice(2, 1), [/a2: the message is lost/]],
  'a reply lost': [({ workspaces: [a] }) => a.rows.pop(), [/a2: the reply is lost/]],
  'a conversation lost': [({ workspaces }) => workspaces.shift(), [/a1: the workspace a is lost/, /a1: the message is lost/, /a1: the reply is lost/, /a2: the message is lost/, /a2: the reply is lost/]],
  'another text': [({ workspaces: [a] }) => (a.rows[0].msgContent = 'other'), [/a1: the message is other/]],
  'half a reply': [({ workspaces: [a] }) => (a.rows[1].msgContent = 're'), [/a1: the reply is re and not re a1/]],
  'another parent': [({ workspaces: [a] }) => (a.rows[3].parentMsgId = 'a1m'), [/a2: the reply has another parent/]],
  'turns out of order': [({ workspaces: [a] }) => a.rows.push(...a.rows.splice(0, 2).map((row) => ({ ...row, msgSentAt: row.msgSentAt + 100 }))), [/a1: out of order/]],
  'a reply before its message': [
    ({ workspaces: [a] }) => {
      a.rows.splice(2, 2, { ...a.rows[3], msgSentAt: TIMES + 11 }, { ...a.rows[2], msgSentAt: TIMES + 12 });
    },
    [/a2: the reply is not later than its message/, /a1: out of order/],
  ],
  'a message that is counted twice': [({ workspaces: [a] }) => (a.counted = 5), [/a1: 4 messages are counted 5 times/]],
  'a message and its reply of one time': [
    ({ workspaces: [a] }) => (a.rows[1].msgSentAt = a.rows[0].msgSentAt),
    [/a1: the reply is not later than its message/, /a1: two messages of one time/],
  ],
  'a reply and the next message of one time': [({ workspaces: [a] }) => (a.rows[2].msgSentAt = a.rows[1].msgSentAt), []],
  'replies of one time': [
    ({ workspaces: [a] }) => {
      const [m1, r1, m2, r2] = a.rows;
      a.rows = [m1, m2, r1, r2].map((row, at) => ({ ...row, msgSentAt: TIMES + 10 * Math.min(at, 2) }));
    },
    [/a1: out of order/, /a1: two messages of one time/],
  ],
  'a reply that was left, and the next message, of one time': [
    ({ conversations: [a], workspaces }) => {
      leave(a.messages[0]);
      workspaces[0].rows[2].msgSentAt = workspaces[0].rows[1].msgSentAt;
    },
    [],
  ],
  'a message of which its sender knows nothing': [
    ({ conversations: [a], workspaces }) => {
      Object.assign(a.messages[1], { isTaken: false, isDone: false });
      workspaces[0].rows.pop();
    },
    [/a2: saved, although its sender knows of no turn/],
  ],
  'a reply that was left, and is kept after the next message': [
    ({ conversations: [a], workspaces }) => {
      leave(a.messages[0]).seen = 're';
      const [m1, r1, m2, r2] = workspaces[0].rows;
      workspaces[0].rows = [m1, m2, { ...r1, msgSentAt: TIMES + 12 }, r2];
    },
    [],
  ],
  'a reply that was left, and is shorter than what was read': [
    ({ conversations: [a], workspaces }) => {
      leave(a.messages[0]).seen = 're a1';
      workspaces[0].rows[1].msgContent = 're';
    },
    [/a1: of the reply re a1 there is re/],
  ],
  'a workspace of a user who left before it was told': [
    ({ conversations: [a], workspaces }) => {
      leaveAtOnce(a, workspaces);
    },
    [],
  ],
  'two workspaces of a user who left before one was told': [
    ({ conversations: [a], workspaces }) => {
      leaveAtOnce(a, workspaces);
      workspaces.push({ workspaceId: 'c', rows: [] });
    },
    [/workspace c: empty/],
  ],
};

function leaveAtOnce(conversation, workspaces) {
  conversation.workspaceId = null;
  conversation.messages.splice(1);
  leave(conversation.messages[0]).isTaken = false;
  workspaces[0].rows = [];
}

for (const [name, [change, words]] of Object.entries(CASES)) {
  test(name, () => {
    const made = whole();
    change(made);
    const found = compare(made.conversations, made.workspaces);
    assert.equal(found.length, words.length, found.join('\n'));
    words.forEach((word, at) => assert.ok(found.some((what) => word.test(what)), `${at}: ${word} in ${found.join('\n')}`));
  });
}

/** A ledger over these workspaces. */
function ledgerOf({ conversations, workspaces }, { before = [], rows, services = 1 } = {}) {
  const user = {
    workspaces: async () => [...before, ...workspaces],
    services: Array.from({ length: services }),
    session: async (id) => {
      const { counted } = workspaces.find(({ workspaceId }) => workspaceId === id);
      return counted === null ? null : { sessionMessageCount: counted ?? 0, sessionStartedAt: TIMES + 6 };
    },
    rows: rows ?? (async (id) => workspaces.find(({ workspaceId }) => workspaceId === id).rows),
  };
  return Object.assign(new Ledger(user, before), { conversations });
}

test('the rows that are counted are those of the workspaces that are new', async () => {
  const read = [];
  const made = whole();
  const rows = async (id) => {
    read.push(id);
    return made.workspaces.find(({ workspaceId }) => workspaceId === id).rows;
  };
  made.workspaces[0].counted = 3;
  const { messages, rows: found, uncounted, found: wrong } = await ledgerOf(made, { before: [{ workspaceId: 'old' }], rows }).differences({ within: 0 });
  assert.deepEqual([messages, found.length, uncounted, wrong, [...new Set(read)]], [4, 8, 5, ['5 of 8 messages are not counted'], ['a', 'b']]);
});

test('messages that are not counted are no difference up to a share', async () => {
  const wrong = async (mostUncounted) => {
    const made = whole();
    [made.workspaces[0].counted, made.workspaces[1].counted] = [3, 3];
    return (await ledgerOf(made).differences({ within: 0, mostUncounted })).found;
  };
  assert.deepEqual([await wrong(1 / 4), await wrong(1 / 5)], [[], ['2 of 8 messages are not counted']]);
});

test('a count that is made twice in one workspace does not hide one that is lost in another', async () => {
  const made = whole();
  [made.workspaces[0].counted, made.workspaces[1].counted] = [5, 3];
  const { uncounted, found } = await ledgerOf(made).differences({ within: 0 });
  assert.deepEqual([uncounted, found], [1, ['a1: 4 messages are counted 5 times', '1 of 8 messages are not counted']]);
});

test('a workspace without a session is a difference, unless it may lack one', async () => {
  const wrong = async (mayLackSession) => {
    const made = whole();
    made.workspaces[0].counted = null;
    return (await ledgerOf(made).differences({ within: 0, mostUncounted: 1, mayLackSession })).found;
  };
  assert.deepEqual([await wrong(false), await wrong(true)], [['a1: no session was started'], []]);
});

test('messages that another service sent before a session has started need not be counted where they may precede it', async () => {
  const uncounted = async (services, mayPrecedeSession) => {
    const made = whole();
    [made.workspaces[0].counted, made.workspaces[1].counted] = [3, 4];
    return (await ledgerOf(made, { services }).differences({ within: 0, mayPrecedeSession })).uncounted;
  };
  // Its first message is always stored after the start; the reply to it is sent before.
  assert.deepEqual([await uncounted(1, true), await uncounted(2, true), await uncounted(2, false)], [1, 0, 1]);
});

/** A user whose turns are answered at once, in sessions that have begun; `asked` has the message and the service of each. */
function userOf(services, asked, session = async () => ({})) {
  const turn = async ({ message, workspaceId }, { at }) => {
    asked.push([message, at]);
    return { ids: {}, text: message, events: [], workspaceId: workspaceId ?? `w of ${message}`, error: null };
  };
  return { services: Array.from({ length: services }), turn, session };
}

for (const [services, sessions] of [[2, 1], [1, 0]]) {
  test(`the second message of a conversation waits for its session where another service gets it: ${services} services`, async () => {
    const [asked, looks] = [[], []];
    const answers = [new Error('GET /api/session/w: 500'), null, {}];
    const session = async () => {
      const answer = answers[looks.push(asked.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    };
    await new Ledger(userOf(services, asked, session)).talk(['a1', 'a2', 'a3']);
    assert.deepEqual([looks, asked.length], [Array.from({ length: 3 * sessions }, () => 1), 3]);
  });
}

test('each message of a conversation goes to the next service, and so does its first after that of the conversation before', async () => {
  const asked = [];
  const ledger = new Ledger(userOf(2, asked));
  // In step, as the conversations of a fault are.
  const [a] = await Promise.all([ledger.talk(['a1', 'a2', 'a3']), ledger.talk(['b1', 'b2', 'b3'])]);
  assert.deepEqual(asked, [['a1', 0], ['b1', 1], ['a2', 1], ['b2', 0], ['a3', 0], ['b3', 1]]);
  await ledger.talk(['a4'], a);
  assert.deepEqual([asked.at(-1), ledger.conversations.length, ledger.isSpread], [['a4', 1], 2, true]);
});

test('conversations that keep to one of two services are not spread', async () => {
  const ledger = new Ledger(userOf(2, []));
  await Promise.all([ledger.talk(['a1']), ledger.talk(['b1'])]);
  assert.equal(ledger.isSpread, false);
  const alone = new Ledger(userOf(1, []));
  await alone.talk(['a1']);
  assert.equal(alone.isSpread, true);
});

test('a store whose rows cannot be read is a difference', async () => {
  const rows = () => Promise.reject(new Error('GET /api/chat/history/a: 500'));
  const { found } = await ledgerOf(whole(), { rows }).differences({ within: 0 });
  assert.deepEqual(found, ['the store cannot be read: GET /api/chat/history/a: 500']);
});

test('a store that cannot be read once, while counts are waited for, is no difference', async () => {
  const made = whole();
  const ledger = ledgerOf(made);
  const { workspaces } = ledger.user;
  let looks = 0;
  ledger.user.workspaces = () => {
    looks += 1;
    if (looks === 2) throw new TypeError('fetch failed');
    for (const workspace of made.workspaces) workspace.counted = looks === 1 ? 3 : 4;
    return workspaces();
  };
  const { uncounted, found } = await ledger.differences();
  assert.deepEqual([looks, uncounted, found], [3, 0, []]);
});

test('a store whose workspaces cannot be read is a difference', async () => {
  const ledger = ledgerOf(whole());
  ledger.user.workspaces = () => Promise.reject(new TypeError('fetch failed'));
  const { rows, found } = await ledger.differences({ within: 0 });
  assert.deepEqual([rows, found], [[], ['the store cannot be read: fetch failed']]);
});
