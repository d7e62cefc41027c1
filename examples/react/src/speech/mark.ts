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
  const sought = (sentence.match(/[\p{L}\p{N}]/gu) ?? []).join('');
  if (sought === '') return null;
  const after = letters.indexOf(sought, from);
  const start = after < 0 ? letters.indexOf(sought) : after;
  const first = nodes[start];
  const last = nodes[start + sought.length - 1];
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, first.at);
  range.setEnd(last.node, endOfSentence(last.node.data, last.at + 1));
  return { range, end: start + sought.length };
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
