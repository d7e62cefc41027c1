/** The types of a chat in a page. */

import type { TurnEvent, TurnEvents, TurnRequest, TurnwireError } from '../browser/index.js';
import type { InitialMessage, Message } from './message.js';
import type { SpeechOptions } from './speech-types.js';
import type { Unsent } from './unsent.js';

/** `submitted`: sent, and no word of the reply yet. `error`: the last turn failed. */
export type ChatStatus = 'submitted' | 'streaming' | 'ready' | 'error';

/** The state of a chat at one moment. It never changes; a change makes a new one. */
export interface ChatSnapshot {
  /** The messages, those that wait in the queue last. */
  readonly messages: readonly Message[];
  readonly status: ChatStatus;
  /** The service has accepted the message; while the status is `submitted`, its reply has no word yet. */
  readonly connected: boolean;
  /** The error of the last turn, until the next one or `clearError`. */
  readonly error: TurnwireError | null;
  /** The workspace of the conversation; `null` until the first message has created it. */
  readonly workspaceId: string | null;
}

/** The end of a turn. */
export interface FinishInfo {
  /** The reply; `null` if not a word of it arrived. */
  readonly message: Message | null;
  /** The user's message. */
  readonly userMessage: Message;
  readonly messages: readonly Message[];
  /** The wire does not tell more: a reply that the model cut at its limit is `done` too. */
  readonly finishReason: 'done' | 'stopped' | 'failed';
  readonly usage: TurnEvents['usage'] | null;
  /** The user stopped the reply, here or in another page, or left it. */
  readonly isAbort: boolean;
  readonly isError: boolean;
  /** The error is one of the connection, so that the service may work, or have worked, on the message. */
  readonly isDisconnect: boolean;
  readonly error: TurnwireError | null;
}

/** The part of a `ChatService` that a chat uses. */
export interface ChatServiceLike {
  stream(request: TurnRequest, options?: { signal?: AbortSignal }): Promise<AsyncIterable<TurnEvent>>;
  /** Without it, `stop` only leaves the turn. */
  stop?(turnId: string): Promise<unknown>;
  /** Without it, nothing is spoken on demand. */
  speak?(text: string, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
}

/** The settings of a chat. All but `id` and the initial values may change with each render: the newest ones are used. */
export interface ChatOptions {
  service: ChatServiceLike;
  /** The page's name of the conversation. */
  id?: string;
  /** The workspace of the conversation; without one, the first message creates it. */
  workspaceId?: string | null;
  /** The messages so far. */
  initialMessages?: readonly InitialMessage[];
  /** The shortest time between two changes of a growing text, in milliseconds; its begin and its end are shown at once. Default 50. */
  throttle?: number;
  /** Plays the `audio` events of replies: a new message, `stop` and leaving silence them. Default false; `speak` works without. */
  speech?: boolean | SpeechOptions;
  /**
   * Keeps messages that are not known to be saved across a reload, `unsentIn(() => sessionStorage)`: those that the history does not have
   * are offered for `retry` again. Their texts are readable to whoever can read this storage.
   */
  unsent?: Unsent;
  /** Sends a message that failed for the connection again when the network or the page comes back. Default false: `retry` is the user's. */
  retryOnReturn?: boolean;
  onEvent?: (event: TurnEvent) => void;
  onFinish?: (info: FinishInfo) => void;
  onError?: (error: TurnwireError) => void;
  /** The workspace that the conversation's first message created. */
  onWorkspace?: (workspaceId: string) => void;
  /** Ids of messages: UUIDs in lower case, as the store needs them. That of a reply is its message's with another last digit. */
  generateId?: () => string;
}

/** The settings of `useChat`. */
export interface UseChatOptions extends Omit<ChatOptions, 'service'> {
  /** Absent under a `ChatProvider` that has one. */
  service?: ChatServiceLike;
  /** A conversation that the page leaves goes on, to be returned to. Default: its turn is left, as by a closed page. */
  keepOnSwitch?: boolean;
}

/** A text to send. */
export interface OutgoingMessage {
  text: string;
  /** True if this reply's `audio` events are played, in place of the chat's setting. */
  speech?: boolean;
}

/** The calls of a chat. They are the same functions for its whole life, need no `this`, and never reject. */
export interface ChatActions {
  /**
   * Sends a message, or queues it while a reply is under way. It resolves when its turn has ended, well or not, or when it was
   * taken out of the queue, or when the page leaves the chat. A blank text is not sent.
   */
  sendMessage(message: string | OutgoingMessage): Promise<void>;
  /**
   * Requests a reply anew, the last one unless given; `messageId` is that of the reply or the user's message. Both keep their
   * ids, so the new texts replace the old ones in the store, and their place is the end of the conversation, as it is there.
   */
  regenerate(messageId?: string): Promise<void>;
  /** The same for a turn that failed or was stopped: the last one unless given. The service takes the same message twice as one. */
  retry(messageId?: string): Promise<void>;
  /** The same with another text of the user's message. */
  edit(messageId: string, text: string): Promise<void>;
  /** Ends the reply with its text so far, at the service too, and silences the speech. The queue goes on. */
  stop(): Promise<void>;
  /** Replaces the messages. A running turn whose message is not among them is left. */
  setMessages(messages: readonly InitialMessage[] | ((messages: readonly Message[]) => readonly InitialMessage[])): void;
  /** Ends the status `error`, and goes on with the queue. The failed message stays. */
  clearError(): void;
  /** Takes a message out of the queue. */
  unqueue(messageId: string): void;
  /** Speaks a message, by its id, or a text. Call it in a gesture of the user. */
  speak(messageIdOrText: string): Promise<void>;
}
