/** The kinds of functions that core calls: the argument of each, and the form of its result. */

import { camelCased } from './camel-case.js';
import type { Outcome, SentimentFunction, SinkFunction, SpeakerFunction, TokenFunction, Tokens } from './host-types.js';

/** A kind of function: its argument, of core's question, and core's answer, of its result. */
export interface Kind<Called> {
  /** Never set: the type of the functions. */
  called?: Called;
  argument: (question: any) => unknown;
  answer: (result: any) => unknown;
}

/** Audio on its way to core. */
export class Audio {
  constructor(
    readonly pieces: Iterable<unknown> | AsyncIterable<unknown>,
    readonly mediaType?: string,
  ) {}
}

export const SENTIMENT: Kind<SentimentFunction> = {
  argument: (text) => text,
  answer: (label) => (typeof label === 'string' ? label : refuse('a string', label)),
};

export const TOKEN_PROVIDER: Kind<TokenFunction> = {
  argument: camelCased,
  answer: (tokens: Partial<Tokens> | null | undefined) => {
    if (tokens === null || tokens === undefined) return null;
    const { accessToken, refreshToken } = tokens;
    if (typeof accessToken === 'string' && typeof refreshToken === 'string') return { access_token: accessToken, refresh_token: refreshToken };
    return refuse('{ accessToken, refreshToken }, both strings, or nothing', tokens);
  },
};

export const SINK: Kind<SinkFunction> = {
  argument: ({ user_id, tokens, ...record }) => ({ ...record, userId: user_id, tokens: camelCased(tokens) }),
  answer: (result: (Outcome & { after?: number | null }) | null | undefined) => {
    if (result === null || result === undefined) return null;
    if (typeof result !== 'object') return refuse('nothing, or { outcome, reason, after }', result);
    const { after } = result;
    // Core counts seconds.
    return { ...result, after: typeof after === 'number' ? after / 1e3 : after };
  },
};

export const SPEAKER: Kind<SpeakerFunction> = {
  argument: (request) => request,
  answer: (result) => audioOf(result),
};

function audioOf(result: any, mediaType?: string): Audio {
  if (result instanceof Uint8Array) return new Audio([result], mediaType);
  if (result instanceof ArrayBuffer) return new Audio([new Uint8Array(result)], mediaType);
  if (typeof result === 'object' && result !== null) {
    if (Symbol.asyncIterator in result || Symbol.iterator in result) return new Audio(result, mediaType);
    if (isResponse(result)) {
      if (!result.ok) throw new Error(`the response of the speech service has the status ${result.status}`);
      return new Audio(result.body ?? [], mediaType ?? result.headers.get('content-type') ?? undefined);
    }
    if ('audio' in result && typeof result.mediaType === 'string') return audioOf(result.audio, result.mediaType);
  }
  return refuse('bytes, an iterable of bytes, { audio, mediaType }, or a Response', result);
}

/** Naming `Response` would load a large part of Node. */
function isResponse(value: any): value is Response {
  return typeof value.ok === 'boolean' && typeof value.headers?.get === 'function' && 'body' in value;
}

function refuse(form: string, result: unknown): never {
  throw new TypeError(`the function must return ${form}, not ${result === null ? 'null' : typeof result}`);
}
