/** Parsing of incomplete JSON. */

const STRING = /"(?:[^"\\]|\\(?:u[\da-fA-F]{4}|[^u]))*/y;
const ATOM = /[^\s,:{}[\]"]+/y;
const LITERALS = ['null', 'true', 'false'];

/**
 * The value of the start of a JSON text: open lists and objects hold their complete members, and an open string holds
 * its text so far. A number may have more digits to come, so it counts once something follows it. `undefined` if there is
 * nothing yet, or no JSON.
 */
export function readPartial(text: string): unknown {
  const closers: string[] = [];
  let whole = 0;
  let rest = '';
  let isKey = false;
  for (let at = 0; at < text.length; ) {
    const character = text[at] as string;
    if (character === '"') {
      const end = matched(STRING, text, at);
      if (text[end] !== '"') {
        if (!isKey) {
          whole = end;
          rest = '"';
        }
        break;
      }
      at = end + 1;
      if (!isKey) whole = at;
    } else if (/[\s:]/.test(character)) {
      at += 1;
      if (character === ':') isKey = false;
    } else if (character === ',') {
      at += 1;
      isKey = closers.at(-1) === '}';
    } else if (character === '{' || character === '[') {
      closers.push(character === '{' ? '}' : ']');
      whole = at += 1;
      isKey = character === '{';
    } else if (character === '}' || character === ']') {
      closers.pop();
      whole = at += 1;
    } else {
      const end = matched(ATOM, text, at);
      const atom = text.slice(at, end);
      const literal = LITERALS.find((each) => each.startsWith(atom));
      if (end < text.length || literal) {
        whole = end;
        rest = end < text.length ? '' : (literal ?? '').slice(atom.length);
      }
      at = end;
    }
  }
  try {
    return JSON.parse(text.slice(0, whole) + rest + closers.reverse().join(''));
  } catch {
    return undefined;
  }
}

function matched(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at + 1;
}
