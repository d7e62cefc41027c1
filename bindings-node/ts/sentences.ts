/** The cutter of sentences. */

import { fromThrown } from './core-error.js';
import { native } from './native.js';
import { numberOf } from './options.js';

/**
 * Cuts a growing text into sentences that can be spoken, each as soon as it is complete. Markdown marks are removed, code
 * blocks and emoji are left out, and a URL becomes its host name.
 */
export class SentenceCutter {
  #cutter: InstanceType<typeof native.SentenceCutter>;

  /** The longest sentence has `longest` code points, at least 16; default 200. */
  constructor({ longest }: { longest?: number } = {}) {
    try {
      this.#cutter = new native.SentenceCutter(numberOf(longest));
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** Adds more of the text, and returns the sentences that are complete. */
  push(text: string): string[] {
    return this.#cutter.push(String(text));
  }

  /** Ends the text, and returns the rest of its sentences. The cutter is then ready for another text. */
  finish(): string[] {
    return this.#cutter.finish();
  }
}
