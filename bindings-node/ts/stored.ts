/** The objects of stores. */

import { camelCased } from './camel-case.js';
import { fromThrown } from './core-error.js';
import { InvalidRequestError } from './errors.js';
import { native } from './native.js';

/** An argument that is a text. */
export function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new InvalidRequestError(`${name} must be a string, not ${value === null ? 'null' : typeof value}`);
}

/** A stored message. Times are in milliseconds since 1970. */
export interface StoreMessage {
  /** A UUID, the store's key: saving the same id again replaces the message. */
  id: string;
  role: 'USER' | 'AI' | (string & {});
  content: string;
  /** The time of sending. Histories are sorted by it. */
  sentAt: number;
  /** The user's UUID, or one that all messages of the AI share. */
  senderId: string;
  /** The message that it replies to. */
  parentId: string | null;
  /** The input method: typed, or by voice. */
  kind: 'T' | 'V' | (string & {});
  workspaceId: string;
}

/** A workspace: the store's name for a conversation. Times are in milliseconds since 1970. */
export interface Workspace {
  id: string;
  name: string;
  createdAt: number | null;
  updatedAt: number | null;
  deletedAt: number | null;
  userId: string | null;
  status: 'ACTIVE' | 'ARCHIVED' | 'DELETED' | (string & {}) | null;
}

/** Messages of a workspace without a pause of 10 minutes. Times are in milliseconds since 1970. */
export interface StoreSession {
  startedAt: number;
  lastMessageAt: number;
  /** The number of messages. */
  messages: number;
}

/** A part of a workspace's history. */
export interface HistoryPage {
  /** The messages, the earliest first. */
  messages: StoreMessage[];
  /** The place of the page before this one; `null` at the beginning of the history. */
  before: string | null;
}

/** Counters of the calls of a store's client and its copies. */
export interface StoreStats {
  /** Saves that the store accepted. */
  saved: number;
  /** Saved messages that the store counted. */
  counted: number;
  /** Saved messages whose count failed. */
  uncounted: number;
  /** Tokens that the store renewed. */
  reissued: number;
}

/** New messages. */
export const StoreMessage = {
  /** A typed message of a user, with a new id. It is sent now unless `sentAt` tells another time. */
  fromUser(workspaceId: string, userId: string, content: string, { sentAt = Date.now() }: { sentAt?: number } = {}): StoreMessage {
    return made(() => native.messageFromUser(workspaceId, userId, content, sentAt));
  },

  /** The AI's reply to a message, in its workspace. It is later than the message, as only the time orders the two. */
  replyTo(message: StoreMessage, content: string, { sentAt = Date.now() }: { sentAt?: number } = {}): StoreMessage {
    return made(() => native.messageReplyTo(written(message, 'StoreMessage.replyTo'), content, sentAt));
  },
};

/** A call that can be aborted. */
export interface Abortable {
  signal?: AbortSignal | null;
}

/** The JSON of a message, a record or a request. */
export function written(value: unknown, operation: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    // A bigint, a cycle, or an exception of a `toJSON`. The first line names no value.
    const why = String((error as Error)?.message ?? error).split('\n', 1)[0];
    throw Object.assign(new InvalidRequestError(`${operation}: the argument cannot be written as JSON: ${why}`), { operation, cause: error });
  }
}

function made(make: () => string): StoreMessage {
  try {
    return camelCased(JSON.parse(make())) as StoreMessage;
  } catch (error) {
    throw fromThrown(error);
  }
}
