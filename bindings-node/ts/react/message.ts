/** A message of a chat. */

import type { TurnEvents, TurnwireError } from '../browser/index.js';

/**
 * A message of the user goes from `queued` (it waits for the reply before it) or `sending` to `done`, as soon as the service has
 * accepted it. One that failed, or was stopped, before the first word of its reply is `failed` or `stopped` itself, and keeps
 * its text for `retry`. A reply goes from `streaming` to `done`, `stopped` or `failed`, and keeps its text so far.
 */
export type MessageStatus = 'queued' | 'sending' | 'streaming' | 'done' | 'stopped' | 'failed';

/** A message. It never changes: a change makes a new object, and messages that did not change stay the same object. */
export interface Message {
  /** The store's id of the message. */
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly status: MessageStatus;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** The error of a `failed` message. */
  readonly error?: TurnwireError;
  /** Of a user's message that was sent: the id of its reply, also before there is one. */
  readonly replyId?: string;
  /** Of a reply: the id of the user's message. */
  readonly replyTo?: string;
  /** Of a reply: its tokens, if the service sends them. */
  readonly usage?: TurnEvents['usage'];
  /** Of a user's message: its sentiment, if the service sends it. */
  readonly sentiment?: string;
}

/** A message to start from, such as one of the store's history. */
export type InitialMessage = Pick<Message, 'id' | 'role' | 'content'> & Partial<Message>;
