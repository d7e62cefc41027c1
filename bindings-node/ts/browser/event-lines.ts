/** Text → the data of events: the line parser of event streams (WHATWG HTML, section 9.2.6), fed in pieces of any size. */

const LINE_END = /\r\n?|\n/g;

/** The most characters of one event. */
const LARGEST = 8 * 2 ** 20;

export class EventLines {
  /** The start of a line whose end has not come. */
  private line = '';
  private afterCr = false;
  private data: string | undefined;

  /** The data of the events that end in this piece; throws a `RangeError` at an event that is too large. */
  *push(text: string): Generator<string, void> {
    if (this.afterCr && text) {
      this.afterCr = false;
      if (text[0] === '\n') text = text.slice(1);
    }
    let start = 0;
    for (const { 0: end, index = 0 } of text.matchAll(LINE_END)) {
      const line = this.line + text.slice(start, index);
      this.line = '';
      start = index + end.length;
      this.afterCr = end === '\r' && start === text.length;
      if (line) this.field(line);
      else if (this.data !== undefined) {
        const { data } = this;
        this.data = undefined;
        yield data;
      }
    }
    this.line += text.slice(start);
    this.check();
  }

  /** The data of a last event without its blank line, if it is whole all the same. */
  finish(): string | undefined {
    this.field(this.line);
    const data = this.data?.trim();
    if (!data || /^[-\d]/.test(data)) return;
    try {
      JSON.parse(data);
    } catch {
      if (data !== '[DONE]') return;
    }
    return data;
  }

  private field(line: string): void {
    const [, value] = /^data(?:: ?([^]*))?$/.exec(line) ?? [null];
    if (value === null) return;
    this.data = (this.data === undefined ? '' : `${this.data}\n`) + (value ?? '');
    this.check();
  }

  private check(): void {
    if (this.line.length + (this.data?.length ?? 0) > LARGEST) throw new RangeError();
  }
}
