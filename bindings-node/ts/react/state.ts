/** The states of a chat: a pure function of a state and an action. */

import type { TurnEvents, TurnwireError } from '../browser/index.js';
import type { InitialMessage, Message } from './message.js';
import type { ChatSnapshot } from './types.js';

/** The turn that runs. */
export interface RunningTurn {
  readonly messageId: string;
  readonly replyId: string;
  /** The service's id of the turn, which `stop` names. */
  readonly turnId: string | null;
  /** The reply that this one takes the place of: it comes back if no word of the new one arrives. */
  readonly replaced: Message | null;
  readonly usage: TurnEvents['usage'] | null;
}

/** The end of a turn. */
export type Ending = { as: 'done' | 'stopped' } | { as: 'failed'; error: TurnwireError };

export interface ChatState extends ChatSnapshot {
  readonly turn: RunningTurn | null;
}

export type Action =
  /** A message waits: a new one at the end, one that is sent again in its place. */
  | { type: 'queue'; message: Message }
  /** It does not wait any more, and is as it was before, or goes. */
  | { type: 'unqueue'; id: string; before: Message | null }
  /** A turn begins, with a message that is new, queued, or there already: then with the reply that is replaced, if it may come back. */
  | { type: 'send'; message: Message; replyId: string; keepsReply: boolean }
  | { type: 'accepted' }
  | { type: 'named'; turnId: string | null; messageId: string; replyId: string }
  | { type: 'sentiment'; label: string }
  | { type: 'usage'; usage: TurnEvents['usage'] }
  | { type: 'text'; text: string; at: number }
  | { type: 'end'; ending: Ending }
  | { type: 'set'; to: Partial<ChatSnapshot> };

/** The state of a chat that begins. */
export function initialState(messages: readonly InitialMessage[] = [], workspaceId: string | null = null): ChatState {
  return { messages: whole(messages), status: 'ready', connected: false, error: null, workspaceId, turn: null };
}

/** Statuses that end by themselves, and those that they ended with if nothing is under way. */
const OPEN = { queued: 'failed', sending: 'failed', streaming: 'stopped' } as const;

/** Messages with all that a message has; those that have it stay the same objects. A status that nothing would end is that of a broken turn. */
export function whole(messages: readonly InitialMessage[], isUnderWay: (id: string) => boolean = () => false): Message[] {
  return messages.map((message) => {
    const { status = 'done', createdAt = 0 } = message;
    const ended = status in OPEN && !isUnderWay(message.id) ? OPEN[status as keyof typeof OPEN] : status;
    return ended === message.status && createdAt === message.createdAt ? (message as Message) : { ...message, status: ended, createdAt };
  });
}

/** The message with this id. */
export function find(messages: readonly Message[], id: string): Message | undefined {
  return messages.find((message) => message.id === id);
}

/** The reply to a user's message: the one that names it, or else the one behind it. */
export function replyOf(messages: readonly Message[], user: Message): Message | undefined {
  const reply = messages.find(({ id, replyTo }) => id === user.replyId || replyTo === user.id);
  if (reply) return reply;
  const next = messages[messages.indexOf(user) + 1];
  return next?.role === 'assistant' && next.replyTo === undefined ? next : undefined;
}

/** The user's message of a reply, or of itself. */
export function userOf(messages: readonly Message[], id: string): Message | undefined {
  const message = find(messages, id);
  if (message?.role !== 'assistant') return message;
  const asked = messages.find((other) => other.id === message.replyTo || other.replyId === id);
  if (asked) return asked;
  return messages.slice(0, messages.indexOf(message)).reverse().find(({ role }) => role === 'user');
}

/** The newest message of the user for which the condition holds, among those that do not wait. */
export function lastUser(messages: readonly Message[], holds: (message: Message) => boolean = () => true): Message | undefined {
  const isIt = (message: Message) => message.role === 'user' && message.status !== 'queued' && holds(message);
  return messages.slice().reverse().find(isIt);
}

/** The state after an action. */
export function reduce(state: ChatState, action: Action): ChatState {
  const { messages, turn } = state;
  switch (action.type) {
    case 'queue':
      return { ...state, messages: find(messages, action.message.id) ? changed(messages, action.message.id, action.message) : [...messages, action.message] };
    case 'unqueue': {
      const { id, before } = action;
      return { ...state, messages: before ? messages.map((message) => (message.id === id ? before : message)) : messages.filter((message) => message.id !== id) };
    }
    case 'send':
      return begun(state, action);
    case 'set':
      return { ...state, ...action.to };
  }
  if (!turn) return state;
  switch (action.type) {
    case 'accepted':
      return { ...state, connected: true, messages: changed(messages, turn.messageId, { status: 'done' }) };
    case 'named':
      return named(state, turn, action);
    case 'sentiment':
      return { ...state, messages: changed(messages, turn.messageId, { sentiment: action.label }) };
    case 'usage':
      return { ...state, turn: { ...turn, usage: action.usage } };
    case 'text':
      return { ...state, status: 'streaming', connected: true, messages: grown(messages, turn, action.text, action.at) };
    case 'end':
      return ended(state, turn, action.ending);
  }
}

/** The messages with this one changed, if it is there and differs. */
function changed(messages: readonly Message[], id: string, to: Partial<Message>): readonly Message[] {
  const at = messages.findIndex((message) => message.id === id);
  const message = messages[at];
  if (!message || (Object.keys(to) as (keyof Message)[]).every((key) => message[key] === to[key])) return messages;
  const copy = messages.slice();
  copy[at] = { ...message, ...to };
  return copy;
}

/** The place of a turn is the end of the conversation, as in the store, before the messages that wait. */
function begun(state: ChatState, { message, replyId, keepsReply }: Extract<Action, { type: 'send' }>): ChatState {
  const old = find(state.messages, message.id);
  const replaced = (old && replyOf(state.messages, old)) ?? null;
  const others = state.messages.filter((other) => other !== old && other !== replaced);
  let place = others.length;
  while (others[place - 1]?.status === 'queued') place -= 1;
  others.splice(place, 0, { ...message, status: 'sending', replyId, error: undefined });
  const turn = { messageId: message.id, replyId, turnId: null, replaced: keepsReply ? replaced : null, usage: null };
  return { ...state, messages: others, turn, status: 'submitted', connected: false, error: null };
}

/** The ids that the service uses, if they are others. */
function named(state: ChatState, turn: RunningTurn, { turnId, messageId, replyId }: Extract<Action, { type: 'named' }>): ChatState {
  let messages = changed(state.messages, turn.messageId, { id: messageId, replyId });
  messages = changed(messages, turn.replyId, { id: replyId, replyTo: messageId });
  return { ...state, messages, turn: { ...turn, turnId: turnId ?? turn.turnId, messageId, replyId } };
}

/** The reply with more text, which appears behind its message with the first. */
function grown(messages: readonly Message[], { messageId, replyId }: RunningTurn, text: string, at: number): readonly Message[] {
  const reply = find(messages, replyId);
  if (reply) return changed(messages, replyId, { content: reply.content + text });
  const place = messages.findIndex(({ id }) => id === messageId) + 1;
  const first: Message = { id: replyId, role: 'assistant', content: text, status: 'streaming', createdAt: at, replyTo: messageId };
  return place === 0 ? messages : [...messages.slice(0, place), first, ...messages.slice(place)];
}

function ended(state: ChatState, turn: RunningTurn, ending: Ending): ChatState {
  const failed = ending.as === 'failed';
  const error = failed ? ending.error : undefined;
  let { messages } = state;
  if (find(messages, turn.replyId)) {
    messages = changed(messages, turn.replyId, { status: ending.as, ...(error && { error }), ...(turn.usage && { usage: turn.usage }) });
    messages = changed(messages, turn.messageId, { status: 'done' });
  } else {
    messages = changed(messages, turn.messageId, { status: ending.as, ...(error && { error }) });
    const place = messages.findIndex(({ id }) => id === turn.messageId) + 1;
    if (turn.replaced && place) messages = [...messages.slice(0, place), turn.replaced, ...messages.slice(place)];
  }
  return { ...state, messages, turn: null, connected: false, status: failed ? 'error' : 'ready', error: error ?? null };
}
