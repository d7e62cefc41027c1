/** Options that are given. */

/** The options without those that are `undefined`, which would hide others. */
export function given<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<Options>;
}
