/** A fake language model. */

import type { FakeStep } from './script.js';
import { Fake } from './service.js';

/**
 * A service of chat completions and speech, as OpenAI's. It repeats messages, unless a reply is queued; the last one that is
 * queued stays until another is.
 *
 * Requests that stream and requests that do not each read the queue from its beginning: the request that names a workspace takes no reply from
 * a turn.
 */
export class FakeLlm extends Fake {
  constructor() {
    super('llm');
  }

  /** The base URL for a client. */
  get baseURL(): string {
    return `${this.url}/v1`;
  }

  /**
   * Queues a reply of these pieces; after them may come `{ delay }`, the milliseconds before each. A request that does not stream gets all at
   * once.
   */
  reply(...texts: string[] | [...string[], { delay?: number }]): void {
    const last = texts.at(-1);
    const { delay = 0 } = typeof last === 'object' ? last : {};
    const given = texts.flatMap((text) => (typeof text === 'string' ? [text] : []));
    this.script({ steps: [...pieces(given, delay), { finish: 'stop' }, { done: true }] });
  }

  /** Queues a reply whose connection closes after these pieces, before its end. */
  truncate(...texts: string[]): void {
    this.script({ steps: [...pieces(texts), { truncate: true }] });
  }

  /** Queues a reply whose connection is reset after these pieces. */
  breakOff(...texts: string[]): void {
    this.script({ steps: [...pieces(texts), { reset: true }] });
  }

  /** Queues a reply that falls silent after these pieces. */
  stall(...texts: string[]): void {
    this.script({ steps: [...pieces(texts), { stall: true }] });
  }

  /** Queues an error. */
  fail(status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
    const error = { message, type: null, param: null, code: null };
    this.script({ status, headers: Object.entries(headers), framing: 'length', steps: [{ json: { error } }] });
  }
}

function pieces(texts: readonly string[], delay = 0): FakeStep[] {
  const pause: FakeStep[] = delay > 0 ? [{ waitMs: delay }] : [];
  return [{ role: 'assistant' }, ...texts.flatMap((text) => [...pause, { text }])];
}
