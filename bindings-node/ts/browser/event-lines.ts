/** Text → the data of events: the line parser of event streams (WHATWG HTML, section 9.2.6), fed in pieces of any size. */

import type { Call } from './call.js';
import { object } from './json.js';

/** The most characters of one event. */
const LARGEST = 8 * 2 ** 20;

export function eventLines(call: Call): (text: string, isLast: boolean) => Iterable<string> {
  /** The start of a line whose end has not come. */
  let rest = '';
  /** The text so far ends with a CR, so that a LF at the start of the next belongs to it. */
  let isCr = false;
  /** The data of an event: its lines, each behind a line end. */
  let data = '';
  const take = (line: string, isWhole = true) => {
    if (line.length + data.length > LARGEST) throw call._error('too_large', 'an event over 8 MiB');
    const match = isWhole && /^data(?:$|: ?)([^]*)/.exec(line);
    if (match) data += `\n${match[1]}`;
  };
  return function* (text, isLast) {
    const lines = text.split(/\r\n?|\n/);
    if (isCr && text[0] === '\n') lines.shift();
    if (text) isCr = text.endsWith('\r');
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    for (const line of lines) {
      take(line);
      if (line || !data) continue;
      yield data.slice(1);
      data = '';
    }
    take(rest, isLast);
    // A last event without its blank line counts if it is whole all the same.
    if (isLast && object(data)) yield data.slice(1);
  };
}
