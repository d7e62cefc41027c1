/** The requests of a client: their headers, tokens and repetitions. */

import type { ErrorCode } from '../turnwire-error.js';
import { openCall, type Call } from './call.js';
import { json, said } from './json.js';
import type { ChatServiceOptions, ServicePaths, Tokens, TurnRequest } from './types.js';

const PATHS = { chat: '/chat', stream: '/chat/stream', speech: '/chat/tts', stop: '/chat/stop' };
const CODES: Record<number, ErrorCode> = {
  400: 'bad_request',
  401: 'authentication',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  422: 'unprocessable',
  429: 'rate_limited',
};
const TOKENS = [['accessToken', 'authorization'], ['refreshToken', 'refreshToken']] as const;

/** The tokens that headers bring. */
function tokensIn(headers: Headers): Tokens {
  const tokens: Tokens = {};
  for (const [name, header] of TOKENS) {
    const token = headers.get(header)?.replace('Bearer ', '');
    if (token) tokens[name] = token;
  }
  return tokens;
}

/** The value that an option has for this request. */
const current = <Value>(option: Value | (() => Value | Promise<Value>)) => (typeof option === 'function' ? (option as () => Value | Promise<Value>)() : option);

/** The fields of a request, of which some are for this client. */
export type Request = Partial<TurnRequest> & { text?: string; turnId?: string };

/** Sends a request; the call then has the response, if it is a good one. */
export type Post = (call: Call, path: keyof ServicePaths, request: Request) => Promise<void>;

export function connection(options: ChatServiceOptions): Post {
  const { baseURL = '', paths = {}, credentials = 'include', headers: more, refresh, onTokens, timeouts: { headers: limit = 3e5 } = {} } = options;
  /** The result of the last refresh. */
  let refreshed: Promise<unknown> | undefined;

  return async (call, path, own) => {
    const { accessToken, refreshToken, speech, ...fields } = own;
    if (/^\s*$/.test(own.turnId!)) throw call._error('invalid_request', "the turn's id is empty");
    call._url = baseURL.replace(/\/+$/, '') + (paths[path] ?? PATHS[path]);
    for (let isRepeated = false; ; isRepeated = true) {
      const before = refreshed;
      const headers = await call._wait(async () => {
        await before;
        const made = new Headers(await current(more));
        made.set('content-type', 'application/json');
        for (const [name, header] of TOKENS) {
          const token = (own[name] ?? (await current(options[name])))?.trim();
          // The browser's own error would show it.
          if (/[^ -~]/.test(token!)) throw Error(`${name} has characters that no header can hold`);
          if (token) made.set(header, `Bearer ${token}`);
        }
        return made;
      }, limit);
      call._tokens = tokensIn(headers);
      // A redirect would take the message and the refresh token to any origin.
      const init = { method: 'POST', headers, body: json({ ...fields, includeTts: speech }), credentials, redirect: 'manual' as const, signal: call._signal };
      const response = (call._response = await call._wait(() => (options.fetch ?? fetch)(call._url, init), limit, 'headers_timeout', 'connection', 'no answer; check network and CORS'));
      const brought = tokensIn(response.headers);
      if (Object.keys(brought).length) onTokens?.(brought);
      const { ok, status } = response;
      if (ok) return;
      // A body that breaks off tells nothing more.
      const error = call._error(CODES[status] ?? (status < 400 ? 'redirect' : status < 500 ? 'status' : 'server'), `HTTP ${status}: ${said(await call._body().catch(() => ''))}`, { status });
      if (status !== 401 || !refresh || accessToken || isRepeated) throw error;
      // One refresh serves all requests that were sent before it.
      if (before === refreshed) refreshed = openCall('refresh')._wait(() => refresh({ ...call._tokens, tokenExpired: response.headers.get('token-expired') }), limit).catch((cause) => ({ cause }));
      const outcome = (await call._wait(() => refreshed, null)) as false | { cause?: unknown } | undefined;
      if (outcome === false || outcome?.cause) throw Object.assign(error, outcome);
    }
  };
}
