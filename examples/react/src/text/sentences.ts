/** A growing text as finished sentences, for readers who hear the page. */

/** The text without the marks of Markdown. */
export function withoutMarks(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    // A longer number is a year, or part of an amount.
    .replace(/^\s*(#{1,6}|>|[-*+]|\d{1,2}[.)]|\|)\s+/gm, '')
    .replace(/^\s*(`{3,}|~{3,}).*$/gm, '')
    // Marks come in pairs. Others are part of the text: 2~3, 5*3, snake_case.
    .replace(/(?<!\d)(\*{1,3}|`+|~~)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/(?<![\p{L}\p{N}_])(_{1,3})(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}_])/gu, '$2')
    .replace(/\s*\|\s*/g, ' ');
}

/** The sentences of a text that are complete; with `isWhole` also the last one. */
export function finishedSentences(text: string, isWhole: boolean): string[] {
  const pieces = withoutMarks(text).split(/(?<=[.!?。！？…]["'”’)]?)\s+|\n+/);
  const rest = pieces.pop() ?? '';
  if (isWhole) pieces.push(rest);
  return pieces.map((piece) => piece.trim()).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}
