/** The text of a streamed body as events. Its form is told from its start: services label bodies wrongly both ways. */

import type { TurnEvent } from '../turn-types.js';
import { answerEvents } from './answer.js';
import type { Call } from './call.js';
import { eventLines } from './event-lines.js';
import { turnEvent, type ErrorEvent } from './turn-event.js';

/** Reads the next piece of a body. It throws after the last one, unless an event ended the turn. */
export type Body = (text: string, isLast: boolean) => Iterable<TurnEvent | ErrorEvent>;

/** Events; or one JSON object in their place: a whole answer, or an error. */
export function eventBody(call: Call): Body {
  const lines = eventLines(call);
  /** The body so far, as long as it may be something else than events: until it begins with a field or a comment, or has an event. */
  let start = '';
  let isOpen = true;
  return function* (text, isLast) {
    if (isOpen) start = (start + text).trimStart();
    isOpen = isOpen && !/^(data|event|id|retry|)[:\r\n]/.test(start);
    if (/^</.test(start)) throw call._unexpected('an event stream', start);
    if (/^[{[]/.test(start)) {
      if (isLast) yield* answerEvents(call, start);
      return;
    }
    for (const data of lines(text, isLast)) {
      isOpen = false;
      const event = turnEvent(data);
      if (event === false) throw call._unexpected('an event', data, 'decode');
      if (event) yield event;
    }
    if (!isLast) return;
    if (isOpen && start) {
      call._text = start;
      throw call._unexpected('an event stream', 'bare text');
    }
    throw call._error('truncated', 'the reply broke off', { network: true });
  };
}

/** Bare text, whose end is the end of the reply. */
export function textBody(call: Call): Body {
  /** The text so far, as long as it may be events. */
  let start = '';
  let isText = false;
  return function* (text, isLast) {
    start += text;
    const dense = start.replace(/\s/g, '');
    if (!isText && dense.startsWith(BEGINNING)) throw call._unexpected('bare text', 'an event stream');
    isText = isText || isLast || !BEGINNING.startsWith(dense);
    if (isText && start) {
      yield { type: 'content', content: start };
      start = '';
    }
    if (isLast && !call._text) throw call._error('truncated', 'the reply broke off', { network: true });
    if (isLast) yield { type: 'done' };
  };
}

const BEGINNING = 'data:{"type":"';
