/** A running turn. */

import type { TurnEvent } from '../turn-types.js';
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
    private readonly events: AsyncGenerator<TurnEvent, void>,
  ) {
    this.requestId = call.requestId();
    this.cancel = call.cancel;
  }

  /** The events. A turn that fails throws, with the text so far in `partial`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TurnEvent> {
    return this.events;
  }
}

/** The events of a body that is read as it comes. */
export async function* streamEvents(call: Call, wire: ChatServiceOptions['wire'], { idle = 12e4, content = 6e5 }: NonNullable<ChatServiceOptions['timeouts']> = {}): AsyncGenerator<TurnEvent, void> {
  const isText = wire === 'text';
  const reader = call.response?.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder('utf-8', { ignoreBOM: isText });
  const read = (isText ? textBody : eventBody)(call);
  let contentAt = Date.now();
  let isDone = false;
  try {
    for (;;) {
      call.limit('idle_timeout', idle);
      const { done, value } = await call.wait(() => reader.read(), 'truncated', 'the reply broke off');
      for (const event of read(decoder.decode(value, { stream: !done }), done)) {
        if (event.type === 'error') throw call.error('api', event.message, { retryable: passes(event.code) });
        if (event.type === 'content') call.text += event.content;
        if (event.type !== 'workspace') contentAt = Date.now();
        isDone = event.type === 'done';
        yield event;
        if (isDone) return;
      }
      if (content !== null && Date.now() - contentAt > content) throw call.error('content_timeout', 'no content in time');
    }
  } catch (error) {
    if (!call.isCancelled()) throw error;
  } finally {
    call.close();
    const close = () => reader.cancel();
    // After the end of the turn comes the end of the body: then the connection can be used again.
    (isDone ? reader.read().then(close) : close()).catch(() => {});
  }
}
