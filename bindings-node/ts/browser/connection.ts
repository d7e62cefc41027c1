/** The requests of a client: their headers, tokens and time limits. */

import type { ErrorCode, TurnwireError } from '../turnwire-error.js';
import { passes, type Call } from './call.js';
import { excerpt, parsed, words } from './json.js';
import type { ChatServiceOptions, ServicePaths, Tokens } from './types.js';

const MINUTE = 60_000;
const PATHS: Required<ServicePaths> = { chat: '/chat', stream: '/chat/stream', speech: '/chat/tts', stop: '/chat/stop' };
const CODES: Record<number, ErrorCode> = {
  400: 'bad_request',
  401: 'authentication',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  422: 'unprocessable',
  429: 'rate_limited',
};

export class Connection {
  readonly limits: Record<'headers' | 'idle' | 'content' | 'total', number>;
  /** The number of refreshes that have ended; the last one, or the one that runs. */
  private refreshes = 0;
  private isRefreshing = false;
  private refreshed = Promise.resolve(false);

  constructor(readonly options: ChatServiceOptions) {
    const { headers = 5 * MINUTE, idle = 2 * MINUTE, content = 10 * MINUTE, total = 10 * MINUTE } = options.timeouts ?? {};
    this.limits = { headers: headers ?? Infinity, idle: idle ?? Infinity, content: content ?? Infinity, total: total ?? Infinity };
  }

  /** The response to a request that the service accepts. */
  async post(call: Call, path: keyof ServicePaths, body: string, own: Tokens = {}): Promise<Response> {
    const { options, limits } = this;
    const isStream = path === 'stream';
    call.url = (options.baseURL ?? '').replace(/\/+$/, '') + (options.paths?.[path] ?? PATHS[path]);
    for (let isRepeated = false; ; isRepeated = true) {
      const { refreshes } = this;
      const tokens = own.accessToken ? own : await call.wait(() => this.tokens(), throwing(call));
      const given = await call.wait(async () => (typeof options.headers === 'function' ? options.headers() : options.headers), throwing(call));
      const headers = headersOf(call, given, tokens);
      headers.set('Accept', !isStream ? 'application/json' : options.wire === 'text' ? 'text/plain, text/event-stream;q=0.9' : 'text/event-stream');
      const [ms, code] = isStream ? ([limits.headers, 'headers_timeout'] as const) : ([limits.total, 'total_timeout'] as const);
      call.limit(ms, code, 'no answer came');
      const send = options.fetch ?? fetch;
      // A page that is closed still sends a stop.
      const init: RequestInit = { method: 'POST', headers, body, credentials: options.credentials ?? 'include', signal: call.signal, keepalive: path === 'stop' };
      const response = await call.wait(async () => send(call.url, init), (cause) => {
        const why = globalThis.navigator?.onLine === false ? 'the browser is offline' : `no answer came: ${String((cause as Error)?.message)}`;
        return call.error('connection', why, { network: true, cause });
      });
      call.response = response;
      this.adopt(response);
      if (response.ok) return response;
      const error = await this.refusal(call, response);
      if (response.status !== 401 || !options.refresh || tokens === own || isRepeated) throw error;
      if (!(await this.refresh(call, refreshes, error, { ...tokens, tokenExpired: response.headers.get('token-expired') }))) throw error;
    }
  }

  /** The whole body of a response. */
  text(call: Call, response: Response): Promise<string> {
    call.limit(this.limits.total, 'total_timeout', 'the answer did not end');
    return call.wait(() => response.text(), (cause) => call.error('truncated', 'the answer broke off', { network: true, cause }));
  }

  private async tokens(): Promise<Tokens> {
    const { accessToken, refreshToken } = this.options;
    const [access, refresh] = await Promise.all([accessToken, refreshToken].map((token) => (typeof token === 'function' ? token() : token)));
    return { accessToken: access, refreshToken: refresh };
  }

  /** Takes the tokens that a response brings. They replace those that were given as texts. */
  private adopt({ headers }: Response): void {
    const { options } = this;
    const brought: Tokens = {};
    for (const [header, name] of [['Authorization', 'accessToken'], ['RefreshToken', 'refreshToken']] as const) {
      const token = bare(headers.get(header));
      if (!token) continue;
      brought[name] = token;
      if (typeof options[name] === 'string') options[name] = token;
    }
    if (Object.keys(brought).length) options.onTokens?.(brought);
  }

  private async refusal(call: Call, response: Response): Promise<TurnwireError> {
    const { status, statusText, headers } = response;
    const body = await this.text(call, response);
    let told: unknown;
    try {
      told = parsed(body);
    } catch {
      // A page, or nothing.
    }
    const what = words(told) ?? (excerpt(body) || statusText || 'no reason given');
    const code = status === 429 && body.includes('insufficient_quota') ? 'insufficient_quota' : CODES[status] ?? (status < 500 ? 'status' : 'server');
    const after = headers.get('retry-after');
    const retryAfterMs = after === null ? undefined : Math.max(isNaN(+after) ? Date.parse(after) - Date.now() : +after * 1000, 0) || undefined;
    return call.error(code, what, { status, retryable: status === 408 || passes(code), retryAfterMs });
  }

  /** True if the request is to be repeated: one refresh serves all requests that were sent before its end. */
  private async refresh(call: Call, refreshesBefore: number, error: TurnwireError, refused: Parameters<NonNullable<ChatServiceOptions['refresh']>>[0]): Promise<boolean> {
    if (!this.isRefreshing && refreshesBefore === this.refreshes) {
      this.isRefreshing = true;
      this.refreshed = (async () => (await this.options.refresh?.(refused)) !== false)().finally(() => {
        this.isRefreshing = false;
        this.refreshes += 1;
      });
      this.refreshed.catch(() => {});
    }
    return call.wait(() => this.refreshed, (cause) => Object.assign(error, { cause }));
  }
}

const bare = (token: string | null | undefined) => token?.replace(/^Bearer /i, '');

/** The headers of a request; none of its credentials shows in errors. */
function headersOf(call: Call, given: HeadersInit | undefined, { accessToken, refreshToken }: Tokens): Headers {
  let headers: Headers;
  try {
    headers = new Headers(given);
    headers.set('Content-Type', 'application/json');
    if (accessToken) headers.set('Authorization', `Bearer ${bare(accessToken)}`);
    if (refreshToken) headers.set('RefreshToken', `Bearer ${bare(refreshToken)}`);
  } catch {
    throw call.error('config', 'a header or a token has a character that no header may have');
  }
  headers.forEach((value, name) => {
    const secret = bare(value) ?? '';
    if (/auth|token|key|secret/.test(name) && secret.length > 5) call.secrets.push(secret);
  });
  return headers;
}

/** The error of a function of the program that threw. */
const throwing = (call: Call) => (cause: unknown) => call.error('callback', 'a function for tokens or headers threw an exception', { cause });
