/** Marks a spoken sentence where it stands in a text, without a change of the document. */

const NAME = 'heard';

interface Found {
  range: Range;
  /** The number of letters up to its end. */
  end: number;
}

/**
 * Finds a sentence in the text of an element, from a number of letters on. Only letters and digits count: the spoken text has no
 * marks of Markdown, and other spaces.
 */
export function findSentence(element: Element, sentence: string, from: number): Found | null {
  const nodes: { node: Text; at: number }[] = [];
  let letters = '';
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode() as Text | null; node; node = texts.nextNode() as Text | null) {
    for (const { index, 0: letter } of node.data.matchAll(/[\p{L}\p{N}]/gu)) {
      letters += letter;
      for (let unit = 0; unit < letter.length; unit++) nodes.push({ node, at: index + unit });
    }
  }
  let sought = lettersOf(sentence);
  let start = place(letters, sought, from);
  if (start < 0) {
    // The number of a list's item is spoken, but is no text of the document.
    sought = lettersOf(sentence.replace(/^(\d+[.)]\s+)+/, ''));
    start = place(letters, sought, from);
  }
  if (start < 0) return null;
  const first = nodes[start];
  const last = nodes[start + sought.length - 1];
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, first.at);
  range.setEnd(last.node, endOfSentence(last.node.data, last.at + 1));
  return { range, end: start + sought.length };
}

const lettersOf = (text: string) => (text.match(/[\p{L}\p{N}]/gu) ?? []).join('');

/** The place of a sentence from a number of letters on, or else of the first one like it; negative if there is none. */
function place(letters: string, sought: string, from: number): number {
  if (sought === '') return -1;
  const after = letters.indexOf(sought, from);
  return after < 0 ? letters.indexOf(sought) : after;
}

/** The stop and the closing quote belong to the sentence. */
function endOfSentence(text: string, from: number): number {
  return from + (/^["'”’)\].!?。！？…]*/.exec(text.slice(from))?.[0].length ?? 0);
}

/** Marks a range in place of the last one. Older browsers have no such marks; the sentence is in the bar below as well. */
export function mark(range: Range | null): void {
  if (!globalThis.CSS?.highlights) return;
  if (range) CSS.highlights.set(NAME, new Highlight(range));
  else CSS.highlights.delete(NAME);
}
