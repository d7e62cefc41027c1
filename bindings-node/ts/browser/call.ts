/** One call of a client: its end by the program or by a time limit, and its errors. */

import { TurnwireError, type ErrorCode, type ErrorFacts } from '../turnwire-error.js';
import type { TurnEvent } from '../turn-types.js';

const AGAIN = 'call again';
const HINTS: Partial<Record<ErrorCode, string>> = {
  config: 'correct the option',
  invalid_request: 'correct the request',
  bad_request: 'correct the request',
  authentication: "check the user's tokens",
  not_found: "check the service's URL, its paths and the workspace's id",
  rate_limited: 'wait, then call again',
  connection: 'check the network, and that the service allows this page (CORS)',
  callback: 'correct that function',
  api: "see the service's message",
  unexpected_reply: 'check the URL, the paths and the option `wire`',
  decode: 'check that it is a chat service, and the option `wire`',
};

/** The codes of errors, ours and those of services, after which the same call can succeed later. */
const PASSING =
  /^(connect(ion)?|conflict|server|garbled|truncated|outbox_full|408|409|429|5\d\d)$|rate_?limit|too_?many_?requests|throttl|overload|exhausted|unavailable|internal|server_?error|time(d_)?out|deadline|capacity|busy/i;
export const passes = (code: string | undefined) => code !== undefined && PASSING.test(code);

/** The longest time of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

export class Call {
  url = '';
  /** The text so far. */
  text = '';
  usage: ErrorFacts['usage'];
  response: Response | undefined;
  /** Texts that no error shows. */
  readonly secrets: string[] = [];
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reason: TurnwireError | undefined;
  private reject: ((reason: unknown) => void) | undefined;
  private leave = () => {};

  constructor(
    private readonly operation: string,
    signal?: AbortSignal | null,
  ) {
    const onAbort = () => this.end(this.error('cancelled', 'the call was aborted'));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort);
    this.leave = () => signal?.removeEventListener('abort', onAbort);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isCancelled(): boolean {
    return this.reason?.code === 'cancelled';
  }

  error(code: ErrorCode, what: string, facts: ErrorFacts & { cause?: unknown } = {}): TurnwireError {
    const { text, usage, response, operation, url } = this;
    const { cause, ...more } = facts;
    const status = facts.status ? `HTTP ${facts.status}: ` : '';
    const hint = HINTS[code] ?? (passes(code) ? AGAIN : '');
    let message = `${operation}: ${code}: ${status}${what}${url ? ` (POST ${url})` : ''}${hint && `; ${hint}`}`;
    for (const secret of this.secrets) message = message.split(secret).join('***');
    const error = new TurnwireError(message, cause === undefined ? { code } : { code, cause });
    const partial = text ? { partial: text } : {};
    return Object.assign(error, { operation, requestId: requestId(response), retryable: passes(code), network: false }, partial, usage && { usage }, more);
  }

  /** Waits for a step of the call, unless that ends before. The error of a step that the network broke is `broken()`. */
  async wait<T>(step: () => Promise<T>, broken?: (cause: unknown) => TurnwireError): Promise<T> {
    if (this.reason) throw this.reason;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.reject = reject;
        step().then(resolve, reject);
      });
    } catch (cause) {
      throw this.reason ?? broken?.(cause) ?? cause;
    } finally {
      clearTimeout(this.timer);
    }
  }

  /** Ends the call with an error when a limit in milliseconds is over, unless its next step is over by then. */
  limit(ms: number, code: ErrorCode, what: string, left = ms): void {
    if (left > LONGEST) return;
    const due = Date.now() + left;
    this.timer = setTimeout(() => {
      // A page that slept still gets what came meanwhile.
      if (Date.now() - due > 1000) this.limit(ms, code, what, 1000);
      else this.end(this.error(code, `${what} for ${ms} ms`, { network: code !== 'content_timeout' }));
    }, left);
  }

  /** Adds an event to the text so far. */
  add(event: TurnEvent): void {
    if (event.type === 'content') this.text += event.content;
    if (event.type === 'usage') this.usage = { promptTokens: event.promptTokens ?? null, completionTokens: event.completionTokens ?? null, totalTokens: event.totalTokens ?? null };
  }

  /** Ends the call with this error, if it still runs, and closes its connection. */
  end(error: TurnwireError): void {
    this.reason ??= error;
    this.close();
    this.reject?.(this.reason);
    this.controller.abort();
  }

  /** Leaves the program's signal. */
  close(): void {
    clearTimeout(this.timer);
    this.leave();
  }
}

export function requestId(response: Response | undefined): string | null {
  return response?.headers.get('x-request-id') ?? null;
}
