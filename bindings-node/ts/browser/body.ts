/** The text of a streamed body as events. Its form is told from its start: services label bodies wrongly both ways. */

import type { TurnEvent } from '../turn-types.js';
import { answerEvents } from './answer.js';
import type { Call } from './call.js';
import { EventLines } from './event-lines.js';
import { excerpt } from './json.js';
import { turnEvent, type ErrorEvent } from './turn-event.js';

/** The most characters of a whole reply. */
const LARGEST = 64 * 2 ** 20;

/** A body that is read piece by piece. It throws after its last piece, unless an event ended the turn. */
export interface Body {
  read(text: string, isLast: boolean): Iterable<TurnEvent | ErrorEvent>;
}

/** Events; or one JSON object in their place: a whole answer, or an error. */
export class EventBody implements Body {
  /** The body so far, as long as it may be something else than events. */
  private start = '';
  private isOpen = true;
  private hasEvents = false;
  private readonly lines = new EventLines();

  constructor(private readonly call: Call) {}

  *read(text: string, isLast: boolean): Iterable<TurnEvent | ErrorEvent> {
    const { call, lines } = this;
    if (this.isOpen) this.start += text;
    const start = this.start.trimStart();
    const [first] = start;
    if (first === '<') throw call.error('unexpected_reply', `expected an event stream, got an HTML page: ${excerpt(start)}`);
    if (first === '{' || first === '[') {
      if (start.length > LARGEST) throw tooLarge(call);
      if (isLast) yield* answerEvents(call, start);
      return;
    }
    if (isField(start)) {
      this.isOpen = false;
      this.start = '';
    }
    try {
      for (const data of lines.push(text)) yield* this.event(data);
    } catch (error) {
      throw error instanceof RangeError ? tooLarge(call) : error;
    }
    if (!isLast) return;
    yield* this.event(lines.finish() ?? '');
    if (!this.hasEvents && (isField(start) === false || /[\p{L}\p{N}]/u.test(start))) {
      throw call.error('unexpected_reply', 'expected an event stream, got bare text', { partial: start });
    }
    throw truncated(call, this.hasEvents);
  }

  private *event(data: string): Iterable<TurnEvent | ErrorEvent> {
    this.hasEvents ||= data !== '';
    let event;
    try {
      event = turnEvent(data);
    } catch (cause) {
      throw this.call.error('decode', `not an event: ${excerpt(data)}`, { cause });
    }
    if (event) yield event;
  }
}

/** Bare text, whose end is the end of the reply. */
export class TextBody implements Body {
  /** The text so far, as long as it may be events. */
  private start = '';
  private isText = false;

  constructor(private readonly call: Call) {}

  *read(text: string, isLast: boolean): Iterable<TurnEvent> {
    const { call } = this;
    const content = this.start + text;
    const looks = this.isText ? false : isEvents(content);
    if (looks) throw call.error('unexpected_reply', 'expected bare text, got an event stream');
    this.isText = looks === false || isLast;
    this.start = this.isText ? '' : content;
    if (this.isText && content) yield { type: 'content', content };
    if (!isLast) return;
    if (!call.text) throw truncated(call, false);
    yield { type: 'done' };
  }
}

const truncated = (call: Call, hasBegun: boolean) =>
  call.error('truncated', hasBegun ? 'the stream ended before the turn did' : 'the stream ended without a reply');
const tooLarge = (call: Call) => call.error('too_large', 'the reply, or an event, is too large');

const FIELDS = ['data', 'event', 'id', 'retry', ''];

/** True if the line is a field of an event stream or a comment, false for bare text; `undefined` if it is too short to decide. */
function isField(line: string): boolean | undefined {
  if (FIELDS.some((field) => line.startsWith(field) && /^[:\r\n]/.test(line.slice(field.length)))) return true;
  return FIELDS.some((field) => field.startsWith(line)) ? undefined : false;
}

const BEGINNING = 'data:{"type":"';

/** True for the start of an event stream of JSON, false for bare text; `undefined` if it is too short to decide. */
function isEvents(start: string): boolean | undefined {
  const dense = start.replace(/\s/g, '');
  if (dense.startsWith(BEGINNING)) return true;
  return BEGINNING.startsWith(dense) ? undefined : false;
}
