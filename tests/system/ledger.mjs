/** The messages that a user sends and the replies that come, to be compared with the rows of the store. */

import { randomUUID } from 'node:crypto';

import { compare } from './compare.mjs';
import { GUARD, until } from './until.mjs';

/** The time in which a person presses the button again after each failure. */
const PATIENCE = 90_000;

/** The time for deliveries after a fault: the outbox tries a store that was away for long after 30 s, then 60 s. */
export const SETTLED_WITHIN = 180_000;
/** The time for the start of a session, and for the counts, which come after the deliveries. Counts that no fault may cost have more. */
const COUNTED_WITHIN = 10_000;
/** The time between two looks at the store. */
const LOOK = 250;

export class Ledger {
  /** The conversations, as `compare` takes them. */
  conversations = [];
  /** The words of failures that users saw, with their number. */
  words = new Map();
  /** The codes of these failures. */
  codes = new Set();
  /** The events that tell of a stage that failed. */
  stages = new Map();

  /** The workspaces that were there before. */
  #before;

  constructor(user, before = []) {
    this.user = user;
    this.#before = new Set(before.map(({ workspaceId }) => workspaceId));
  }

  /** A ledger of what the user does from now on. */
  static async of(user) {
    return new Ledger(user, await user.workspaces());
  }

  /** The messages of all conversations. */
  get messages() {
    return this.conversations.flatMap(({ messages }) => messages);
  }

  /** The turns that have ended. */
  get turns() {
    return this.messages.filter(({ isDone, isLeft }) => isDone || isLeft).length;
  }

  /** The turns that have failed, with each time that a message was sent again. */
  get failures() {
    return [...this.words.values()].reduce((sum, count) => sum + count, 0);
  }

  /** True if the messages of some conversation went to every service. */
  get isSpread() {
    return this.conversations.some(({ messages }) => new Set(messages.map(({ at }) => at)).size === this.user.services.length);
  }

  /** The options of each turn. */
  each = () => ({});

  /** Waited for before each further message of a conversation. */
  beforeNext = async () => {};

  /** A conversation of some messages, each sent when the one before is answered: a new one, or one that goes on. Gives it. */
  async talk(messages, conversation) {
    for (const text of messages) {
      // A user who leaves before the workspace is known begins another conversation.
      if (conversation?.workspaceId) {
        if (conversation.messages.length === 1) await this.#begun(conversation);
        await this.beforeNext(conversation);
      } else this.conversations.push((conversation = { workspaceId: null, messages: [] }));
      // Each message goes to the next service. Again it goes to the same one: only the files of that one know the first attempt.
      const at = (this.conversations.indexOf(conversation) + conversation.messages.length) % this.user.services.length;
      const sent = { text, at, messageId: randomUUID(), replyId: randomUUID(), seen: '', isTaken: false, isDone: false, isLeft: false };
      conversation.messages.push(sent);
      await this.#send(sent, conversation, this.each());
    }
    return conversation;
  }

  /**
   * Waits for the session of a new conversation. Users learn of a workspace a moment before its session is started, and a message that
   * another service stores in between is not counted. One service keeps the order, and a store that could not start a session shows in the counts.
   */
  async #begun({ workspaceId }) {
    if (this.user.services.length === 1) return;
    const hasSession = () => this.user.session(workspaceId).catch(() => null);
    await until(hasSession, undefined, COUNTED_WITHIN).catch(() => {});
  }

  /** Sends a message, again after each failure. */
  async #send(sent, conversation, { onEvent, signal }) {
    const { text: message, at, messageId, replyId } = sent;
    const end = Date.now() + PATIENCE;
    while (Date.now() < end) {
      const { workspaceId } = conversation;
      const place = workspaceId ? { workspaceId } : { createWorkspace: true };
      sent.access = this.user.access;
      const limit = AbortSignal.timeout(GUARD);
      const turn = await this.user.turn({ message, messageId, replyId, ...place }, { onEvent, signal: AbortSignal.any([limit, ...(signal ? [signal] : [])]), at });
      if (limit.aborted) throw new Error(`a stuck turn: ${message}, after ${JSON.stringify(turn.events)}`);
      sent.isTaken ||= turn.ids !== null;
      sent.seen = turn.text;
      for (const { stage, message: words } of turn.events.filter(({ type }) => type === 'stage_failed')) count(this.stages, `${stage}: ${words}`);
      conversation.workspaceId = turn.workspaceId;
      sent.isLeft = signal?.aborted ?? false;
      sent.isDone = !turn.error && !sent.isLeft;
      if (sent.isDone || sent.isLeft) return;
      this.codes.add(turn.error.code);
      count(this.words, `${turn.error.code}: ${turn.error.message}`);
      // A person needs a moment to find the button.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${message}: no reply in ${PATIENCE / 1000} s: ${[...this.words.keys()].join('; ')}`);
  }

  /**
   * Compares the rows with the messages, once all are there; gives the differences, of which one is a store that cannot be read. An empty
   * list is given as soon as there is none. `uncounted` are the rows that the sessions have not counted, each workspace by itself: a process
   * that is killed between a delivery and its count loses the count. They are a difference where they are more than `mostUncounted`, a share
   * of the rows. A session has only a number: in one workspace a lost count and one made twice look like none. `cargo xtask proof nats`
   * knows the counts by their ids. A workspace without a session is one too, unless it may lack one. Where messages may precede the session, as
   * the store was away when it was to start, those that another service sent before its start are not counted on.
   */
  async differences({ within = SETTLED_WITHIN, mostUncounted = 0, mayLackSession = false, mayPrecedeSession = false } = {}) {
    let workspaces = [];
    let found = [];
    const isSettled = async () => {
      try {
        workspaces = await this.#workspaces();
        found = compare(this.conversations, workspaces);
      } catch (error) {
        found = [`the store cannot be read: ${error.message}`];
      }
      return found.length === 0;
    };
    // After the guard the differences are the result.
    await until(isSettled, undefined, within, LOOK).catch(() => {});
    const rows = () => workspaces.flatMap(({ rows }) => rows);
    const countable = ({ session, rows }) => (mayPrecedeSession && session ? this.#sentIn(session, rows) : rows).length;
    const uncounted = () => workspaces.reduce((sum, workspace) => sum + Math.max(countable(workspace) - workspace.counted, 0), 0);
    const isCounted = (most) => found.length === 0 && uncounted() <= most * rows().length;
    const counts = (most, ms) => until(async () => isCounted(most) || ((await isSettled()) && isCounted(most)), undefined, Math.min(within, ms), LOOK).catch(() => {});
    if (found.length === 0) {
      await counts(0, COUNTED_WITHIN);
      await counts(mostUncounted, GUARD);
    }
    if (!mayLackSession) for (const { rows, session } of workspaces) if (!session && rows.length > 0) found.push(`${rows[0].msgContent}: no session was started`);
    if (uncounted() > mostUncounted * rows().length) found.push(`${uncounted()} of ${rows().length} messages are not counted`);
    return { messages: this.messages.filter(({ isTaken }) => isTaken).length, rows: rows(), uncounted: uncounted(), found };
  }

  /** The workspaces that are new, with their rows and the number that is counted. */
  async #workspaces() {
    const all = await this.user.workspaces();
    const added = all.filter(({ workspaceId }) => !this.#before.has(workspaceId));
    const { user } = this;
    return Promise.all(
      added.map(async ({ workspaceId }) => {
        const session = await user.session(workspaceId);
        const rows = await user.rows(workspaceId);
        return { workspaceId, session, counted: session?.sessionMessageCount ?? 0, rows };
      }),
    );
  }

  /** The rows that a session has to count. Those that another service sent before its start may have been stored before it. */
  #sentIn({ sessionStartedAt }, rows) {
    if (this.user.services.length === 1) return rows;
    return rows.filter(({ msgSentAt }, at) => at === 0 || msgSentAt >= sessionStartedAt);
  }
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}
