/** Text → the data of events: the line parser of event streams (WHATWG HTML, section 9.2.6), fed in pieces of any size. */

import type { Call } from './call.js';
import { object } from './json.js';

/** The most characters of one event. */
const LARGEST = 8 * 2 ** 20;

export function eventLines(call: Call): (text: string, isLast: boolean) => Iterable<string> {
  /** The start of a line whose end has not come. */
  let rest = '';
  let data: string | undefined;
  const take = (line: string) => {
    const match = /^data(?:: ?([^]*))?$/.exec(line);
    if (match) data = (data === undefined ? '' : `${data}\n`) + (match[1] ?? '');
    if (rest.length + (data ?? '').length > LARGEST) throw call.error('too_large', 'an event of more than 8 MiB');
  };
  return function* (text, isLast) {
    // A CR at the end may be half of a line end.
    const lines = (rest + text).split(isLast ? /\r\n?|\n/ : /\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      take(line);
      if (line || data === undefined) continue;
      const whole = data;
      data = undefined;
      yield whole;
    }
    take(isLast ? rest : '');
    // A last event without its blank line counts if it is whole all the same.
    if (isLast && data && object(data)) yield data;
  };
}
