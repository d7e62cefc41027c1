/** Texts that are spoken sentence by sentence, while they are still being written. */

import { ActiveCall } from './active-call.js';
import { bytesOf } from './byte-stream.js';
import { fromCore, fromThrown } from './core-error.js';
import { InvalidRequestError } from './errors.js';
import { caller } from './host.js';
import type { SpeakerFunction } from './host-types.js';
import { native, type Call } from './native.js';
import type { SpeechSettings } from './settings.js';
import { settingsJson } from './settings-json.js';
import { Aborter } from './signal.js';
import { spokenBy, type Speaker } from './speakers.js';
import { Feeding, type SpokenSource } from './speech-text.js';
import type { CoreError } from './wire.js';

/** The audio of one sentence, which can be played on its own. */
export interface AudioPiece {
  /** The number of the piece, from 0 without gaps. */
  seq: number;
  /** The sentence. */
  text: string;
  /** The media type of the audio, such as `audio/mpeg`. */
  mime: string;
  audio: Uint8Array;
  /** The number of the sentence, from 0; sentences that failed count as well. */
  sentence: number;
}

/** A sentence that could not be spoken. */
export interface FailedSentence {
  /** The number of the sentence, from 0. */
  sentence: number;
  text: string;
  error: Error;
}

/** Speaks texts sentence by sentence: each as soon as it is whole, a few at a time, their audio in order. */
export class Speech {
  #speech: InstanceType<typeof native.Speech>;
  /** Kept alive here: the native side names functions by number. */
  #kept: object;

  /** Speaks through this speaker, or through a function that returns the audio of a text. */
  constructor(speaker: Speaker | SpeakerFunction, settings: SpeechSettings = {}) {
    const [spoken, kept] = spokenBy(speaker);
    this.#kept = kept;
    try {
      this.#speech = new native.Speech(spoken, settingsJson(settings));
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /**
   * Speaks a text: a string, or an iterable of strings, of a reply's chunks, or of a turn's events. Nothing is read or sent
   * before the first piece is asked for; then the text is read no more than some sentences ahead of the audio.
   */
  speak(text: SpokenSource, { signal }: { signal?: AbortSignal | null } = {}): SpokenText {
    const [context, number] = caller();
    return new SpokenText(this.#speech.text(number), text, new Aborter(signal), { kept: this.#kept, context });
  }
}

type Text = InstanceType<typeof native.Text>;

/** The objects that live as long as a speech. In a field, the console would show the program's asynchronous context. */
const owners = new WeakMap<SpokenText, object>();

/**
 * The audio of a text, sentence by sentence and in order. Leaving the loop, or aborting the signal, ends all requests and the
 * reading of the text. An exception of the text is thrown after the sentences before it. A sentence that cannot be spoken is
 * left out, and is one of `failures`.
 */
export class SpokenText implements AsyncIterableIterator<AudioPiece> {
  /** The sentences so far that could not be spoken; known only of a text that is read piece by piece. */
  readonly failures: FailedSentence[] = [];
  #text: Text;
  #source: SpokenSource | undefined;
  #aborter: Aborter;
  #call: ActiveCall | undefined;
  #feeding: Feeding | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #ended = false;

  /** Use `speech.speak()`. */
  constructor(text: Text, source: SpokenSource, aborter: Aborter, owner: object) {
    this.#text = text;
    this.#source = source;
    this.#aborter = aborter;
    owners.set(this, owner);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<AudioPiece>> {
    const next = this.#last.then(() => this.#piece());
    this.#last = next.catch(() => {});
    return next;
  }

  return(): Promise<IteratorResult<AudioPiece>> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** The audio as the bytes of one file, as they arrive: for example the body of a response. */
  joined(): ReadableStream<Uint8Array> {
    const call = this.#begin(() => this.#text.joined());
    call.onEnd = () => this.#feeding?.leave();
    return bytesOf(call, (error) => this.#raised(error));
  }

  /** Writes the audio into one file, which appears when it is complete, and returns the number of its bytes. */
  async writeToFile(path: string): Promise<number> {
    const call = this.#begin(() => this.#text.writeFile(String(path)));
    try {
      return await call.value<number>();
    } catch (error) {
      throw this.#raised(error);
    } finally {
      this.#end();
    }
  }

  async #piece(): Promise<IteratorResult<AudioPiece>> {
    if (this.#ended) return { value: undefined, done: true };
    const call = (this.#call ??= this.#begin(() => this.#text.pieces()));
    try {
      for (;;) {
        const piece = await call.piece<Uint8Array | unknown[]>();
        if (this.#ended || piece === undefined) break;
        if (!Array.isArray(piece)) return { value: unframed(piece), done: false };
        const [failed, { error }] = piece as [Omit<FailedSentence, 'error'>, { error: CoreError }];
        this.failures.push({ ...failed, error: fromCore(error) });
      }
    } catch (error) {
      const isLeft = this.#ended || call.aborted;
      this.#end();
      if (!isLeft) throw this.#raised(error);
    }
    this.#end();
    return { value: undefined, done: true };
  }

  /** Begins to speak, and to read the text. */
  #begin(start: () => Call): ActiveCall {
    const source = this.#source;
    if (source === undefined) throw new InvalidRequestError('the text is spoken once: as pieces, as bytes, or into a file');
    this.#source = undefined;
    const call = new ActiveCall(start, this.#aborter, this);
    this.#feeding = new Feeding(source, this.#text.feed()!);
    call.controller.signal.addEventListener('abort', () => this.#feeding?.leave(), { once: true });
    return call;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#call?.close();
    this.#feeding?.leave();
    this.#source = undefined;
  }

  /** The exception that the text threw, in place of core's error. */
  #raised(error: unknown): unknown {
    const isOfText = (error as { operation?: unknown }).operation === 'speech.text';
    return isOfText && this.#feeding?.raised ? this.#feeding.raised.error : error;
  }
}

/** A piece from its bytes: the length of a header in four bytes, the header as JSON, and the audio. */
function unframed(bytes: Uint8Array): AudioPiece {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + 4, end - 4).toString();
  return { ...JSON.parse(header), audio: bytes.subarray(end) };
}
