/** Whole characters of a text whose pieces may end within one. */

/** Holds back the first half of a surrogate pair until the piece with the second one. */
export class WholeCharacters {
  #half = '';

  /** The whole characters so far that were not returned yet. */
  push(piece: string): string {
    const text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    this.#half = last >= 0xd800 && last < 0xdc00 ? text.slice(-1) : '';
    return this.#half ? text.slice(0, -1) : text;
  }

  /** The half that is left at the text's end. */
  finish(): string {
    const half = this.#half;
    this.#half = '';
    return half;
  }
}
