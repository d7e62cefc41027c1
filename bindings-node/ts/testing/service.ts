/** The common part of the fake services. */

import { inspect } from 'node:util';

import { native } from '../native.js';
import type { FakeReply } from './script.js';

// Captured when the module loads: fake timers of a test would stop the wait.
const { setTimeout } = globalThis;
const now = performance.now.bind(performance);

/** A request that a fake service got. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string | null;
  /** By their names in lower case. They are not shown with the request: some are secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body, from JSON. */
  readonly json: any;
  /**
   * The end of the reply: `complete`, `truncated` or `reset` as scripted, or `client_closed` if the client went away first; `null` while it is
   * being sent.
   */
  readonly outcome: 'complete' | 'truncated' | 'reset' | 'client_closed' | null;
}

/** A request as the service notes it. */
type Noted = Pick<FakeRequest, 'method' | 'path' | 'query' | 'body' | 'outcome'> & { headers: [string, string][] };

class Got implements FakeRequest {
  declare readonly headers: Record<string, string>;
  readonly method: string;
  readonly path: string;
  readonly query: string | null;
  readonly body: string;
  readonly outcome: FakeRequest['outcome'];

  constructor({ method, path, query, headers, body, outcome }: Noted) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.body = body;
    this.outcome = outcome;
    Object.defineProperty(this, 'headers', { value: Object.fromEntries(headers) });
  }

  get json(): any {
    return JSON.parse(this.body);
  }
}

/** A service on a port and a thread of its own. It keeps no process alive. */
export abstract class Fake {
  readonly #service: InstanceType<typeof native.FakeService>;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;

  /** @internal */
  constructor(kind: 'llm' | 'store') {
    this.#service = new native.FakeService(kind);
    this.url = this.#service.url;
  }

  /** The requests so far. */
  get requests(): FakeRequest[] {
    return (this.control('GET', 'requests') as Noted[]).map((noted) => new Got(noted));
  }

  /** Waits until the requests are as wished, such as `(requests) => requests.at(-1)?.outcome === 'client_closed'`; at most `timeout` milliseconds, by default 5000. */
  async waitFor(condition: (requests: FakeRequest[]) => unknown, { timeout = 5000 }: { timeout?: number } = {}): Promise<FakeRequest[]> {
    const end = now() + timeout;
    for (;;) {
      const { requests } = this;
      if (requests.length > 0 && condition(requests)) return requests;
      if (now() > end) throw new Error(`the requests are not as wished after ${timeout} ms: ${inspect(requests)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Queues a reply, or several, for the requests of `key`, such as `MODEL`, `MODEL stream` or `MODEL whole`; by default for all. The last reply of a queue stays until another is queued. */
  script(replies: FakeReply | readonly FakeReply[], key = '*'): void {
    this.control('POST', `scripts/${encodeURIComponent(key)}`, replies);
  }

  /** Forgets all that was scripted, asked and kept. */
  reset(): void {
    this.control('POST', 'reset', {});
  }

  /** Closes the port and every connection. */
  close(): void {
    this.#service.close();
  }

  /** `close()`, at the end of a block with `using` or `await using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  protected control(method: string, call: string, body?: unknown): unknown {
    return JSON.parse(this.#service.control(method, call, body === undefined ? '' : JSON.stringify(body)));
  }
}
