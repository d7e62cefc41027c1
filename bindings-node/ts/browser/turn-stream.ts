/** A running turn. */

import type { TurnEvent } from '../turn-types.js';
import type { TurnwireError } from '../turnwire-error.js';
import { eventBody, textBody } from './body.js';
import { passes, type Call } from './call.js';
import type { ChatServiceOptions } from './types.js';

/** The events of a turn, for one `for await`. Leaving the loop leaves the turn. */
export class TurnStream implements AsyncIterable<TurnEvent> {
  /** The service's id of the request, for support requests. */
  readonly requestId: string | null;
  /** Leaves the turn. */
  readonly cancel: () => void;

  /** Use `service.stream()`. */
  constructor(
    call: Call,
    private readonly _events: AsyncGenerator<TurnEvent, void>,
  ) {
    this.requestId = call._requestId();
    this.cancel = call._cancel;
  }

  /** The events. A turn that fails throws, with the text so far in `partial`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TurnEvent> {
    return this._events;
  }
}

/** The events of a body that is read as it comes. */
export async function* streamEvents(call: Call, wire: ChatServiceOptions['wire'], { idle = 12e4, content = 6e5 }: NonNullable<ChatServiceOptions['timeouts']> = {}): AsyncGenerator<TurnEvent, void> {
  const reader = call._response?.body?.getReader();
  const decoder = new TextDecoder();
  const read = (wire === 'text' ? textBody : eventBody)(call);
  let contentAt = Date.now();
  let isDone = false;
  try {
    for (;;) {
      const { done = true, value } = (await call._wait(() => reader?.read(), idle, 'idle_timeout', 'truncated', 'the reply broke off')) ?? {};
      for (const event of read(decoder.decode(value, { stream: !done }), done)) {
        const { type } = event;
        if (type === 'error') throw call._error('api', event.message, { retryable: passes(event.code) });
        if (type === 'content') call._text += event.content;
        isDone = type === 'done';
        contentAt = Date.now();
        yield event;
        if (isDone) return;
      }
      if (Date.now() - contentAt > (content ?? Infinity)) throw call._error('content_timeout', 'no answer');
    }
  } catch (error) {
    if ((error as TurnwireError).code !== 'cancelled') throw error;
  } finally {
    call._close();
    const leave = () => reader?.cancel().catch(() => {});
    // A body that ends by itself within a second leaves its connection to the next request.
    if (isDone) setTimeout(leave, 1e3);
    else leave();
  }
}
