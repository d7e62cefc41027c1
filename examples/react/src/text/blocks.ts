/** Markdown cut into blocks: all but the last of a growing text are settled, and need not be read again. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LIST_ITEM = /^\s*([-*+]|\d{1,9}[.)])\s/;

/** Cuts at blank lines, but not inside a fence, and not inside a list: its items belong together. */
export function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let fence: string | null = null;
  let isAfterBlank = false;
  let isList = false;
  for (const line of text.split('\n')) {
    const isBlank = line.trim() === '';
    if (fence === null && isAfterBlank && !isBlank && !continues(line, isList)) {
      blocks.push(block.join('\n'));
      block = [];
    }
    if (block.length === 0) isList = LIST_ITEM.test(line);
    block.push(line);
    const mark = FENCE.exec(line)?.[1];
    if (fence === null) fence = mark ?? null;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = null;
    isAfterBlank = isBlank && block.length > 1;
  }
  return [...blocks, block.join('\n')];
}

/** Returns true for a line after a blank one that belongs to the block before it. */
function continues(line: string, isList: boolean): boolean {
  return /^\s/.test(line) || (isList && LIST_ITEM.test(line));
}
