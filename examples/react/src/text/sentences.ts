/** A growing text as finished sentences, for readers who hear the page. */

/** The text without the marks of Markdown. Numbers stay as they are written: ranges (2~3), products (5*3), and those at the head of a line. */
export function withoutMarks(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(#{1,6}|>|[-*+]|\|)\s+/gm, '')
    .replace(/^\s*(`{3,}|~{3,}).*$/gm, '')
    .replace(/`+/g, '')
    // One star is a mark only in a pair, or where it opens a word: the end of a growing text has no pair yet.
    .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])([^*\n]+)(?<=\S)\*(?!\*)/gu, '$1')
    .replace(/(?<![\p{L}\p{N}*])\*(?=\p{L})/gu, '')
    .replace(/(?<!\d(?=[*~]+\d))(?<![*~])(\*{2,3}|~~)/g, '')
    .replace(/(?<![\p{L}\p{N}_])_{1,3}(?=\S)|(?<=\S)_{1,3}(?![\p{L}\p{N}_])/gu, '')
    .replace(/\s*\|\s*/g, ' ');
}

/** The sentences of a text that are complete; with `isWhole` also the last one. A number with a dot, as in dates and lists, ends none. */
export function finishedSentences(text: string, isWhole: boolean): string[] {
  const pieces = withoutMarks(text).split(/(?<=[.!?。！？…]["'”’)]?)(?<!(?:^|\s)\d+\.)[^\S\n]+|\n+/m);
  const rest = pieces.pop() ?? '';
  if (isWhole) pieces.push(rest);
  return pieces.map((piece) => piece.trim()).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}
