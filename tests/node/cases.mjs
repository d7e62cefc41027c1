/** The parts that runners of the common cases share. */

/** The answer of a case's speaker. */
export function spoken({ error, fails_at, media_type: mediaType }, { text }) {
  if (error || text === fails_at) throw new Error(error ?? 'no voice');
  const bytes = new TextEncoder().encode(text);
  return { audio: [bytes.subarray(0, 1), bytes.subarray(1)], mediaType };
}

/** The settings of a case, in the names of Node. */
export function settings({ sentiment_budget_ms, ...rest } = {}) {
  return { sentimentBudget: sentiment_budget_ms, ...camel(rest) };
}

export function camel(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]));
}
