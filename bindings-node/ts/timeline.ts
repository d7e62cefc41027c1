/** The timeline of a turn. */

import { camelCased } from './camel-case.js';
import { native } from './native.js';
import type { TokenUsage } from './turn-types.js';

/** A stage of a turn, with times in milliseconds since the turn's start. */
export interface Stage {
  name: 'sentiment' | 'history' | 'reply' | 'naming' | 'create_workspace' | 'start_session' | 'save_user' | 'save_ai' | 'speech';
  beganMs: number;
  /** `null` while it runs. */
  endedMs: number | null;
  outcome: 'running' | 'done' | 'late' | 'failed' | 'cancelled';
  /** The reason of a failure. */
  reason?: string;
}

/** The stages of a turn so far, with times in milliseconds since its start. */
export class Timeline {
  declare stages: Stage[];
  /** The first piece of the reply. */
  declare firstTokenMs: number | null;
  /** The first piece of speech. */
  declare firstAudioMs: number | null;
  /** The end of the turn; `null` while it runs. */
  declare totalMs: number | null;
  /** The number of pieces of the reply. */
  declare pieces: number;
  /** The model that was asked for the reply. */
  declare model: string | null;
  /** True if a fallback answered in place of the first service. */
  declare fallback: boolean;
  /** The tokens of the reply, complete or not; `null` if the service counted none. */
  declare usage: TokenUsage | null;
  /** Core's own form. */
  #json: string;

  /** Use `turn.timeline()`. */
  constructor(json: string) {
    Object.assign(this, camelCased(JSON.parse(json)));
    this.#json = json;
  }

  /** The timeline as a chart for a terminal, 80 columns wide. */
  text(): string {
    return native.timelineText(this.#json);
  }

  /** The timeline as a picture of its own, SVG, with a note below its title. */
  svg(note = ''): string {
    return native.timelineSvg(this.#json, note);
  }
}
