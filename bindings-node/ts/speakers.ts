/** Speakers: from a text to its audio. */

import { ActiveCall } from './active-call.js';
import { connectionOf, isClient, type OpenAI, type OpenAIOfPackage } from './client.js';
import { fromThrown } from './core-error.js';
import { ConfigError } from './errors.js';
import { caller, hosted } from './host.js';
import { SPEAKER } from './host-kinds.js';
import type { SpeakerFunction } from './host-types.js';
import { native } from './native.js';
import { withEnvironment } from './options.js';
import { ChatService, serviceOf } from './service.js';
import type { GoogleSpeakerSettings, ModelSettings, OpenAISpeakerSettings, ServiceSettings, SpeechOptions } from './settings.js';
import { settingsJson } from './settings-json.js';
import { Aborter } from './signal.js';

type Native = InstanceType<typeof native.Speaker>;

/** The native side of a speaker; `undefined` for anything else. */
export let speakerOf: (speaker: unknown) => Native | undefined;

/** Speaks texts: the base of all speakers. */
export abstract class Speaker {
  readonly #speaker: Native;
  /** Kept alive here: the native side names functions by number. */
  readonly #kept: unknown;

  static {
    speakerOf = (speaker) => (typeof speaker === 'object' && speaker !== null && #speaker in speaker ? speaker.#speaker : undefined);
  }

  constructor(make: () => Native, kept?: unknown) {
    this.#kept = kept;
    try {
      this.#speaker = make();
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** The audio of a text, in one file. */
  async speak(text: string, { signal, ...options }: SpeechOptions & { signal?: AbortSignal | null } = {}): Promise<Uint8Array> {
    const request = settingsJson({ ...options, text: String(text) });
    const [context, number] = this.#kept ? caller() : [];
    const call = new ActiveCall(() => this.#speaker.speak(request, number), new Aborter(signal), { speaker: this, context });
    return call.wholeBytes();
  }
}

/** Speaks as Google Translate does, in MP3. It needs no key. */
export class GoogleTranslateSpeaker extends Speaker {
  /** The language is a code such as `ko` or `zh-TW`. */
  constructor(language: string, options: Omit<GoogleSpeakerSettings, 'language'> = {}) {
    super(() => new native.Speaker(settingsJson({ google: { ...options, language } })));
  }
}

/** The settings of a speaker of OpenAI's service, or of one with the same speech. */
export interface OpenAISpeakerOptions extends Omit<OpenAISpeakerSettings, 'client'> {
  /** A client, or the settings of one. What is not given comes from the environment. */
  client?: OpenAI | OpenAIOfPackage | ModelSettings | null;
}

/** Speaks through OpenAI's service, or one with the same speech. */
export class OpenAISpeaker extends Speaker {
  constructor({ client, ...options }: OpenAISpeakerOptions = {}) {
    super(() => {
      if (isClient(client)) {
        const settings = settingsJson({ openai: options });
        return connectionOf(client).part('speakers', (inner, given) => new native.Speaker(settings, inner, given));
      }
      return new native.Speaker(settingsJson({ openai: { ...options, client: withEnvironment(client ?? {}) } }));
    });
  }
}

/** Speaks through a chat service, in MP3. */
export class ServiceSpeaker extends Speaker {
  /** The service is a client, the settings of one, or its URL. */
  constructor(service: ChatService | ServiceSettings | string) {
    const client = serviceOf(service);
    super(() => {
      if (client) return native.Speaker.ofService(client.native);
      return new native.Speaker(settingsJson({ service: typeof service === 'string' ? { baseURL: service } : service }));
    }, client);
  }
}

/** The native speaker for a speaker or for a function that speaks, and the object that its owner keeps alive. */
export function spokenBy(speaker: Speaker | SpeakerFunction): [speaker: Native, kept: object] {
  const known = speakerOf(speaker);
  if (known) return [known, speaker];
  if (typeof speaker === 'function' && (speaker === (Speaker as unknown) || speaker.prototype instanceof Speaker)) {
    throw new ConfigError(`a speaker must be a Speaker of this package, or a function, not a class: give an instance, new ${speaker.name}(…)`);
  }
  if (typeof speaker !== 'function') throw new ConfigError('a speaker must be a Speaker of this package, or a function');
  const kept = hosted(SPEAKER, speaker);
  return [native.Speaker.ofFunction(kept.host, kept.number), kept];
}
