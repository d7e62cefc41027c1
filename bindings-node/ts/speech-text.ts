/** The text of a speech on its way to core: read piece by piece from an iterable, and no faster than it is spoken. */

import { InvalidRequestError } from './errors.js';
import { native } from './native.js';
import type { ChatCompletionChunk } from './types.js';
import type { TurnEvent } from './turn-types.js';

type Feed = InstanceType<typeof native.TextFeed>;

/** A piece of a text: a string, a chunk of a reply, or an event of a turn. */
export type TextPiece = string | ChatCompletionChunk | TurnEvent;

/** A text to speak: whole, or piece by piece. */
export type SpokenSource = string | Iterable<TextPiece> | AsyncIterable<TextPiece>;

/** A text that is being read. */
export class Feeding {
  /** The exception that the text threw. */
  raised: { error: unknown } | undefined;
  #iterator: AsyncIterator<TextPiece> | Iterator<TextPiece> | undefined;
  #isLeft = false;

  constructor(text: SpokenSource, feed: Feed) {
    void this.#read(text, feed);
  }

  /** Ends the reading early. */
  leave(): void {
    this.#isLeft = true;
    const iterator = this.#iterator;
    this.#iterator = undefined;
    // It rejects where the iterator does, and nobody asks any more.
    void (async () => iterator?.return?.())().catch(() => {});
  }

  async #read(text: SpokenSource, feed: Feed): Promise<void> {
    try {
      if (typeof text === 'string') feed.push(text);
      else await this.#feed(iteratorOf(text), feed);
      feed.end();
    } catch (error) {
      this.raised = { error };
      feed.fail('an exception');
    }
  }

  async #feed(iterator: AsyncIterator<TextPiece> | Iterator<TextPiece>, feed: Feed): Promise<void> {
    this.#iterator = iterator;
    while (!this.#isLeft) {
      const { value, done } = await iterator.next();
      if (done || this.#isLeft) break;
      let state: string;
      try {
        state = feed.push(textOf(value));
      } catch (error) {
        this.leave();
        throw error;
      }
      if (state === 'closed') this.leave();
      if (state === 'full') await room(feed);
    }
    this.#iterator = undefined;
  }
}

function iteratorOf(text: any): AsyncIterator<TextPiece> | Iterator<TextPiece> {
  const iterate = text?.[Symbol.asyncIterator] ?? text?.[Symbol.iterator];
  if (typeof iterate !== 'function') throw new InvalidRequestError(`a text to speak must be a string or an iterable, not ${named(text)}`);
  return iterate.call(text);
}

/** Waits for room, or for the reader to leave. It keeps no process alive. */
function room(feed: Feed): Promise<void> {
  return new Promise((resolve) => {
    const waker = new native.Waker(() => {
      waker.close();
      resolve();
    });
    feed.wake(waker, 0);
  });
}

function textOf(piece: any): string {
  if (typeof piece === 'string') return piece;
  if (Array.isArray(piece?.choices)) return piece.choices[0]?.delta?.content ?? '';
  if (typeof piece?.type === 'string') return piece.type === 'content' ? String(piece.content) : '';
  const advice = piece instanceof Uint8Array ? 'bytes: give the turn itself, not its bytes' : named(piece);
  throw new InvalidRequestError(`a text to speak has strings, chunks or events, not ${advice}`);
}

function named(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
