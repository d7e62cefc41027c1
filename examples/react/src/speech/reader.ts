/** Reads texts aloud, sentence by sentence: one is heard while the next ones are still being made. */

import type { SpeechQueue } from 'turnwire/react';

/** The number of sentences that are requested at a time. */
const AHEAD = 2;

export interface ReaderState {
  /** The first sentence is on its way. */
  isLoading: boolean;
  problem: Error | null;
}

interface Reading {
  messageId: string;
  sentences: string[];
  isWhole: boolean;
  /** The number of sentences that were requested, and of those that have not come yet. */
  requested: number;
  waiting: number;
  hasSound: boolean;
  left: AbortController;
}

export class Reader {
  #reading: Reading | null = null;

  constructor(
    readonly queue: SpeechQueue,
    readonly speak: (text: string, options: { signal: AbortSignal }) => Promise<Uint8Array>,
    readonly report: (state: ReaderState) => void,
  ) {}

  /** The sentences of a message so far. More of them follow unless the message is whole; another message takes the place of this one. */
  read(messageId: string, sentences: string[], isWhole: boolean): void {
    if (this.#reading?.messageId !== messageId) {
      this.stop();
      this.#reading = { messageId, sentences, isWhole, requested: 0, waiting: 0, hasSound: false, left: new AbortController() };
    }
    Object.assign(this.#reading!, { sentences, isWhole });
    this.#go(this.#reading!);
  }

  stop(): void {
    this.#reading?.left.abort();
    this.#reading = null;
    this.queue.stop();
    this.report({ isLoading: false, problem: null });
  }

  #go(reading: Reading): void {
    // After a failure the problem stays, also while the text grows on.
    if (reading.left.signal.aborted) return;
    while (reading.waiting < AHEAD && reading.requested < reading.sentences.length) {
      const seq = reading.requested++;
      reading.waiting += 1;
      void this.#request(reading, seq, reading.sentences[seq]!);
    }
    this.report({ isLoading: !reading.hasSound && reading.waiting > 0, problem: null });
    if (reading.isWhole && reading.waiting === 0) this.queue.finish(reading.messageId);
  }

  async #request(reading: Reading, seq: number, text: string): Promise<void> {
    const { messageId, left } = reading;
    try {
      const audio = await this.speak(text, { signal: left.signal });
      if (left.signal.aborted) return;
      reading.waiting -= 1;
      reading.hasSound = true;
      // The queue puts them in order.
      this.queue.add({ seq, text, audio, messageId });
      this.#go(reading);
    } catch (error) {
      if (left.signal.aborted) return;
      // The sentences before it are heard; nothing more is asked for.
      left.abort();
      this.queue.finish(messageId);
      this.report({ isLoading: false, problem: error as Error });
    }
  }
}
