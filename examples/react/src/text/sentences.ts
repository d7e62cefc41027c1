/** A growing text as finished sentences, for readers who hear the page. */

/** The text without the marks of Markdown. */
export function withoutMarks(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(#{1,6}|>|[-*+]|\d{1,9}[.)]|\|)\s+/gm, '')
    .replace(/^\s*(`{3,}|~{3,}).*$/gm, '')
    .replace(/[*_~`]{1,3}(?=\S)|(?<=\S)[*_~`]{1,3}/g, '')
    .replace(/\s*\|\s*/g, ' ');
}

/** The sentences of a text that are complete; with `isWhole` also the last one. */
export function finishedSentences(text: string, isWhole: boolean): string[] {
  const pieces = withoutMarks(text).split(/(?<=[.!?。！？…]["'”’)]?)\s+|\n+/);
  const rest = pieces.pop() ?? '';
  if (isWhole) pieces.push(rest);
  return pieces.map((piece) => piece.trim()).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}
