/** A running turn. */

import type { TurnEvent } from '../turn-types.js';
import { EventBody, TextBody } from './body.js';
import { passes, requestId, type Call } from './call.js';
import type { Connection } from './connection.js';
import type { ChatServiceOptions } from './types.js';

type Limits = Connection['limits'];

/** The events of a turn, for one `for await`. Leaving the loop leaves the turn. */
export class TurnStream implements AsyncIterable<TurnEvent> {
  /** The service's id of the request, for support requests. */
  readonly requestId: string | null;
  private readonly events: AsyncIterableIterator<TurnEvent>;

  /** Use `service.stream()`. */
  constructor(
    private readonly call: Call,
    events: AsyncGenerator<TurnEvent, void>,
  ) {
    this.requestId = requestId(call.response);
    this.events = {
      next: () => events.next(),
      return: () => {
        // First, since the events wait for the step that this ends.
        this.cancel();
        return events.return();
      },
      [Symbol.asyncIterator]: () => this.events,
    };
  }

  /** The events. A turn that fails throws, with the text so far in `partial`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TurnEvent> {
    return this.events;
  }

  /** Leaves the turn. */
  cancel(): void {
    this.call.end(this.call.error('cancelled', 'the turn was left'));
  }
}

/** Events that are all there. */
export async function* listed(events: TurnEvent[]): AsyncGenerator<TurnEvent, void> {
  yield* events;
}

/** The events of a body that is read as it comes. */
export async function* streamEvents(call: Call, wire: ChatServiceOptions['wire'], { idle, content }: Limits): AsyncGenerator<TurnEvent, void> {
  const reader = call.response?.body?.getReader();
  const isText = wire === 'text';
  const decoder = new TextDecoder('utf-8', { ignoreBOM: isText });
  const body = new (isText ? TextBody : EventBody)(call);
  let contentAt = Date.now();
  let hasEnded = false;
  try {
    for (;;) {
      const left = Math.max(contentAt + content - Date.now(), 0);
      if (idle < left) call.limit(idle, 'idle_timeout', 'nothing came');
      else call.limit(content, 'content_timeout', 'no content came', left);
      const { done = true, value } = (await call.wait(async () => reader?.read(), broken(call))) ?? {};
      for (const event of body.read(decoder.decode(value, { stream: !done }), done)) {
        if (event.type === 'error') throw call.error('api', event.message, { retryable: passes(event.code) });
        call.add(event);
        if (event.type !== 'workspace') contentAt = Date.now();
        hasEnded = event.type === 'done';
        yield event;
        if (hasEnded) return;
      }
    }
  } catch (error) {
    if (!call.isCancelled) throw error;
  } finally {
    call.close();
    // After the end of the turn only the body's own end is to come: then the connection can be used again.
    const timer = setTimeout(() => void reader?.cancel().catch(() => {}), hasEnded ? 1000 : 0);
    if (hasEnded) void drained(reader).then(() => clearTimeout(timer));
  }
}

const broken = (call: Call) => (cause: unknown) => call.error('truncated', 'the connection broke before the turn ended', { network: true, cause });

async function drained(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  try {
    while (reader && !(await reader.read()).done);
  } catch {
    // Nothing after the end counts.
  }
}
