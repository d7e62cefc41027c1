/** The questions and answers of functions that core calls: sentiment, speaker, token provider, sink. */

import type { SpeechRequest } from './settings.js';

/** The options of a call of a function. */
export interface HostOptions {
  /** Aborted when the result is no longer awaited. */
  signal: AbortSignal;
}

/** Returns the label of a message, such as its sentiment. */
export type SentimentFunction = (text: string, options: HostOptions) => string | Promise<string>;

/** Audio: whole, or piece by piece, such as a `ReadableStream` of bytes or what a generator yields. */
export type SpokenAudio = Uint8Array | ArrayBuffer | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Audio with its media type. Without one it is that of the audio's first bytes, MP3 if these tell none. */
export interface TypedAudio {
  audio: SpokenAudio;
  mediaType: string;
}

/** Returns the audio of a text; a response of `fetch()` is audio, too. Options that are `null` are left to the speaker. */
export type SpeakerFunction = (
  request: Required<SpeechRequest>,
  options: HostOptions,
) => SpokenAudio | TypedAudio | Response | Promise<SpokenAudio | TypedAudio | Response>;

/** A user's tokens. They belong together. */
export interface Tokens {
  accessToken: string;
  refreshToken: string;
}

/** A user whose tokens are asked for; `null` stands for the store's own user. */
export interface TokenRequest {
  userId: string | null;
  /** The tokens that were refused. */
  refused: Tokens | null;
}

/** Returns fresh tokens of a user, or nothing if there are none. */
export type TokenFunction = (request: TokenRequest, options: HostOptions) => Tokens | null | undefined | Promise<Tokens | null | undefined>;

/** A record of an outbox, as its sink gets it. */
export interface Record<Payload = any> {
  /** Unique: a record that is delivered twice, after a crash, has the same id. */
  id: string;
  /** Records of a conversation are delivered one after another. */
  conversation: string;
  payload: Payload;
  userId: string | null;
  /** The tokens that the record came with, as far as this process knows them: they are never written to a file. */
  tokens: Tokens | null;
}

/** The outcome of a delivery. Times are milliseconds. */
export type Outcome =
  | { outcome: 'delivered' }
  /** This record failed for the moment: it is tried again, after this time or by the outbox's own rule. */
  | { outcome: 'retry'; reason: string; after?: number | null }
  /** The service failed, whatever the record: no record is tried for a while. */
  | { outcome: 'unavailable'; reason: string; after?: number | null }
  /** The user's tokens are refused: the record waits for fresh ones. */
  | { outcome: 'needs_token' }
  /** The record can never be delivered: it becomes a dead letter. */
  | { outcome: 'dead'; reason: string };

/** Delivers a record. Returning nothing means that it is delivered; an exception, that it is to be retried. */
export type SinkFunction = (record: Record, options: HostOptions) => Outcome | void | null | Promise<Outcome | void | null>;
