/** The types of turns: requests, events and timelines. */

import type { ChatCompletionMessageParam } from './types.js';

/** A message of a user, and the conversation that it belongs to. */
export interface TurnRequest {
  message: string;
  /** The user's UUID; a store needs it. */
  userId?: string | null;
  /** The workspace of the conversation. */
  workspaceId?: string | null;
  /** Creates a new workspace for the conversation. */
  createWorkspace?: boolean | null;
  /** The id of a message: goes on in the workspace that it opens, also before that exists. */
  workspaceOf?: string | null;
  /** The user's tokens, in place of the store's; both or none. */
  accessToken?: string | null;
  refreshToken?: string | null;
  /** The conversation before this message, in place of the store's. */
  history?: ChatCompletionMessageParam[] | null;
  /** The ids of the message and its reply in the store, UUIDs in lower case. A later turn with the same ids replaces their texts. New ones unless given. */
  messageId?: string | null;
  replyId?: string | null;
  /** For chat services: asks for the speech of the reply. An engine refuses it. */
  speech?: boolean | null;
}

/** The fields of each type of event. */
export interface TurnEvents {
  /** The ids of the turn and of its two messages; sent on request. */
  turn: { turnId: string; messageId: string; replyId: string };
  /** The workspace of the turn is known. */
  workspace: { workspaceId: string };
  /** A piece of the reply. */
  content: { content: string };
  /**
   * The end of the turn. `stopped` is true if it was stopped, with the text up to then. The ids, the model that was asked
   * for the reply, and `fallback` (true if it answered in place of the first service) are sent on request.
   */
  done: { stopped?: boolean; turnId?: string; messageId?: string; replyId?: string; model?: string; fallback?: boolean };
  /** The turn failed. Only in the event stream as bytes: an iteration throws the error. */
  error: { message: string; code?: string };
  /** The sentiment of the user's message; sent on request. */
  sentiment: { label: string };
  /** A piece of the reply as speech, numbered from 0; sent on request. */
  audio: { seq: number; mime: string; audioBase64: string; text: string };
  /** A side stage failed, and the turn went on without it; sent on request. */
  stage_failed: { stage: string; message: string; code?: string };
  /** The tokens of the turn, as far as the service counted them; sent on request. */
  usage: { promptTokens?: number; completionTokens?: number; totalTokens?: number };
}

/** An event of a turn. */
export type TurnEvent = { [Type in Exclude<keyof TurnEvents, 'error'>]: { type: Type } & TurnEvents[Type] }[Exclude<keyof TurnEvents, 'error'>];

/** The tokens of a reply, as far as the service counted them. */
export interface TokenUsage {
  promptTokens: number | null;
  completionTokens: number | null;
  totalTokens: number | null;
}

/** The deliveries of messages to the store. */
export interface FlushReport {
  /** Messages that this process delivered since the last report. */
  delivered: number;
  /** Messages that still wait. */
  pending: number;
  /** Messages that cannot be delivered, since the last report. */
  dead: number;
}
