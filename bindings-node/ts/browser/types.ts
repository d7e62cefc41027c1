/** The options of the client, and what its calls give. */

import type { TokenUsage, TurnRequest as AnyTurnRequest } from '../turn-types.js';

export type { TokenUsage, TurnEvent, TurnEvents } from '../turn-types.js';

/**
 * A message of the user, and the conversation that it belongs to. The service knows the user and the history, and checks the rest.
 * `speech` asks for audio: whole with a whole reply, and as events of a stream from services that have them.
 */
export type TurnRequest = Pick<AnyTurnRequest, 'message' | 'workspaceId' | 'createWorkspace' | 'messageId' | 'replyId' | 'accessToken' | 'refreshToken' | 'speech'>;

/** The options of one call. */
export interface CallOptions {
  signal?: AbortSignal | null | undefined;
}

/** A whole reply of a chat service. */
export interface ChatAnswer {
  reply: string;
  /** The workspace of the turn, if it has one. */
  workspaceId: string | null;
  /** The spoken reply, if it was asked for. */
  audio: Uint8Array | null;
  /** True if the turn was stopped; the reply ends at that point. */
  stopped: boolean;
  /** The tokens that the reply took, if the service sends them. */
  usage: TokenUsage | null;
}

/** A user's tokens, without `Bearer`. */
export interface Tokens {
  accessToken?: string | null | undefined;
  refreshToken?: string | null | undefined;
}

/** A token, or a function that returns the current one: it is called for each request, so a token that changes needs one. */
export type TokenSource = string | null | (() => string | null | undefined | Promise<string | null | undefined>);

/** A request that the service refused with 401, and the tokens that it brought. */
export interface Refused extends Tokens {
  /** The service's reason: `AccessToken`, `RefreshToken` or `AllToken`, from its header `Token-Expired`. */
  tokenExpired: string | null;
}

/** Time limits in milliseconds; `null` for none. */
export interface ServiceTimeouts {
  /** From a request to the headers of its reply; also the longest wait for functions among the options. Default 5 minutes. */
  headers?: number | null;
  /** The longest wait for any byte of a stream; keep-alive comments count. Default 2 minutes. */
  idle?: number | null;
  /** The longest wait for an event of a stream, noticed when the next bytes come; keep-alive comments do not count. Default 10 minutes. */
  content?: number | null;
}

/** The paths of the calls, below the base URL. */
export interface ServicePaths {
  /** Default `/chat`. */
  chat?: string;
  /** Default `/chat/stream`. */
  stream?: string;
  /** Default `/chat/tts`. */
  speech?: string;
  /** Default `/chat/stop`. */
  stop?: string;
}

/** The options of a client of a chat service. There is none for an API key: a page cannot keep one secret. */
export interface ChatServiceOptions {
  /** The service's URL. Without one, or with `''`, it is the page's own origin. */
  baseURL?: string;
  paths?: ServicePaths;
  /** The form of the service's stream: events (the default), or bare text. */
  wire?: 'events' | 'text';
  /**
   * Asks for a whole reply where the service answers 404, 405 or 501 to a turn to be streamed. Default true. A network error
   * does not prove that the service has not taken the message, so it is never the reason.
   */
  fallback?: boolean;
  /** Which requests bring cookies. Default `include`: a service on another origin that knows the page's user gets them. */
  credentials?: RequestCredentials;
  /** Further headers of each request; a function is called for each. */
  headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  accessToken?: TokenSource;
  refreshToken?: TokenSource;
  /**
   * Gets fresh tokens after a 401, so that `accessToken` and `refreshToken` return them. It is called once for all requests that
   * were refused meanwhile; then each is repeated once, unless it returns false, throws or takes longer than `timeouts.headers`.
   * Calls of this client wait for it, so it must not wait for one.
   */
  refresh?: (refused: Refused) => boolean | void | Promise<boolean | void>;
  /** Receives the tokens that the headers of a reply bring: `Authorization` and `RefreshToken`. */
  onTokens?: (tokens: Tokens) => void;
  timeouts?: ServiceTimeouts;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}
