/** What users sent and read, and its comparison with the rows of the store. */

import { randomUUID } from 'node:crypto';

import { GUARD, until } from './user.mjs';

/** The time in which a person presses the button again after each failure. */
const PATIENCE = 90_000;

/** The time for deliveries after a fault: the outbox tries a store that was away for long after 30 s, then 60 s. */
export const SETTLED_WITHIN = 180_000;

export class Ledger {
  /** The conversations: each a list of messages in the order in which they were sent. */
  conversations = [];
  /** The words of failures that users saw, with their number. */
  words = new Map();
  /** The events that tell of a stage that failed. */
  stages = new Map();

  constructor(user) {
    this.user = user;
  }

  /** The turns that have ended. */
  get turns() {
    return this.conversations.flat().filter(({ isDone, isLeft }) => isDone || isLeft).length;
  }

  /** The options of each turn. */
  each = () => ({});

  /** A new conversation of some messages, each sent when the one before is answered. */
  async talk(messages) {
    let workspaceId = null;
    let conversation;
    for (const text of messages) {
      // Who leaves before the workspace is known begins another conversation.
      if (!conversation || !workspaceId) this.conversations.push((conversation = []));
      const sent = { text, messageId: randomUUID(), replyId: randomUUID(), seen: '', isTaken: false, isDone: false, isLeft: false };
      conversation.push(sent);
      workspaceId = await this.#send(sent, workspaceId, this.each());
    }
  }

  /** Sends a message, again after each failure; gives its workspace. */
  async #send(sent, workspaceId, { onEvent, signal }) {
    const { text: message, messageId, replyId } = sent;
    const end = Date.now() + PATIENCE;
    while (Date.now() < end) {
      const place = workspaceId ? { workspaceId } : { createWorkspace: true };
      const limit = AbortSignal.timeout(GUARD);
      const turn = await this.user.turn({ message, messageId, replyId, ...place }, { onEvent, signal: AbortSignal.any([limit, ...(signal ? [signal] : [])]) });
      if (limit.aborted) throw new Error(`a stuck turn: ${message}, after ${JSON.stringify(turn.events)}`);
      sent.isTaken ||= turn.ids !== null;
      sent.seen = turn.text;
      for (const { stage, message: words } of turn.events.filter(({ type }) => type === 'stage_failed')) count(this.stages, `${stage}: ${words}`);
      if (turn.workspaceId) workspaceId = turn.workspaceId;
      sent.isLeft = signal?.aborted ?? false;
      sent.isDone = !turn.error && !sent.isLeft;
      if (sent.isDone || sent.isLeft) return workspaceId;
      count(this.words, `${turn.error.code}: ${turn.error.message}`);
      // A person needs a moment to find the button.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${message}: no reply in ${PATIENCE / 1000} s: ${[...this.words.keys()].join('; ')}`);
  }

  /** Compares the rows with what was sent, once all are there; gives the differences. */
  async differences() {
    const taken = this.conversations.flat().filter(({ isTaken }) => isTaken);
    let rows = [];
    let found = [];
    const isSettled = async () => {
      rows = await this.#rows();
      found = this.#compare(rows);
      return found.length === 0;
    };
    try {
      await until(isSettled, undefined, SETTLED_WITHIN);
    } catch {
      // The differences are the result.
    }
    return { messages: taken.length, rows: rows.flat().length, found };
  }

  /** The rows of each conversation of the user. */
  async #rows() {
    const workspaces = await this.user.workspaces();
    return Promise.all(workspaces.map(({ workspaceId }) => this.user.rows(workspaceId)));
  }

  #compare(workspaces) {
    const found = [];
    const mine = new Set(this.conversations.flat().flatMap(({ messageId, replyId }) => [messageId, replyId]));
    const known = workspaces.filter((rows) => rows.some(({ msgId, parentMsgId }) => mine.has(msgId) || mine.has(parentMsgId)));
    const places = new Map(known.flatMap((rows, at) => rows.map((row) => [row.msgId, { ...row, at }])));
    for (const conversation of this.conversations) {
      const expected = conversation.filter(({ isTaken }) => isTaken).flatMap(({ messageId, replyId, isLeft }) => (isLeft ? [messageId] : [messageId, replyId]));
      const [first] = conversation;
      for (const sent of conversation) {
        const [message, reply] = [places.get(sent.messageId), places.get(sent.replyId)];
        if (!sent.isTaken) {
          if (message && !sent.isLeft) found.push(`${sent.text}: saved, although its sender knows of no turn`);
          continue;
        }
        if (!message) found.push(`${sent.text}: the message is lost`);
        else if (message.msgContent !== sent.text) found.push(`${sent.text}: the message is ${message.msgContent}`);
        if (sent.isDone && !reply) found.push(`${sent.text}: the reply is lost`);
        else if (sent.isDone && reply.msgContent !== sent.seen) found.push(`${sent.text}: the reply is ${reply.msgContent} and not ${sent.seen}`);
        // A reader who left gets no less than what was read.
        else if (sent.isLeft && sent.seen && !reply?.msgContent.startsWith(sent.seen)) found.push(`${sent.text}: of the reply ${sent.seen} there is ${reply?.msgContent}`);
        if (message && reply?.msgSentAt <= message.msgSentAt) found.push(`${sent.text}: the reply is not later than its message`);
        if (reply && reply.parentMsgId !== sent.messageId) found.push(`${sent.text}: the reply has another parent`);
      }
      const rows = known[places.get(first?.messageId)?.at] ?? [];
      // The reply of a turn that is left is kept when the service notices it, which may be after the next message.
      const ids = rows.map(({ msgId }) => msgId);
      const ordered = expected.filter((id) => ids.includes(id));
      if (ids.filter((id) => ordered.includes(id)).join() !== ordered.join()) found.push(`${first.text}: out of order: ${rows.map(({ msgContent, msgSentAt }) => `${msgContent} ${msgSentAt}`).join(', ')}`);
      if (rows.some((row, at) => at > 0 && row.msgSentAt <= rows[at - 1].msgSentAt)) found.push(`${first.text}: two messages of one time`);
      for (const row of rows) if (!mine.has(row.msgId)) found.push(`${first.text}: doubled: ${row.msgContent}`);
    }
    return found;
  }
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}
