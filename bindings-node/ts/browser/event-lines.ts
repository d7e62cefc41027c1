/** Text → the data of events: the line parser of event streams (WHATWG HTML, section 9.2.6), fed in pieces of any size. */

import type { Call } from './call.js';
import { object } from './json.js';

/** The most characters of one event. */
const LARGEST = 8 * 2 ** 20;

export function eventLines(call: Call): (text: string, isLast: boolean) => Iterable<string> {
  /** The start of a line whose end has not come. */
  let rest = '';
  let cr = '';
  let data: string | undefined;
  const take = (line: string, isWhole = true) => {
    if (line.length + (data ?? '').length > LARGEST) throw call._error('too_large', 'an event over 8 MiB');
    const match = isWhole && /^data(?:: ?([^]*))?$/.exec(line);
    if (match) data = (data === undefined ? '' : `${data}\n`) + (match[1] ?? '');
  };
  return function* (text, isLast) {
    // A CR at the end may be half of a line end.
    const piece = cr + text;
    cr = !isLast && piece.endsWith('\r') ? '\r' : '';
    const lines = (cr ? piece.slice(0, -1) : piece).split(/\r\n?|\n/);
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    for (const line of lines) {
      take(line);
      if (line || data === undefined) continue;
      yield data;
      data = undefined;
    }
    take(rest, isLast);
    // A last event without its blank line counts if it is whole all the same.
    if (isLast && data && object(data)) yield data;
  };
}
