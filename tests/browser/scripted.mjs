/** A chat service in this process that does as a test says, and remembers what it was asked. */

/** A stream that a test feeds. */
export class Feed {
  #events = [];
  #wake = () => {};
  #end = null;

  push(...events) {
    this.#events.push(...events);
    this.#wake();
    return this;
  }

  /** Text of the reply, a piece each. */
  say(...texts) {
    return this.push(...texts.map((content) => ({ type: 'content', content })));
  }

  done(more = {}) {
    this.push({ type: 'done', ...more });
    this.#end = { error: null };
    this.#wake();
    return this;
  }

  fail(error) {
    this.#end = { error };
    this.#wake();
    return this;
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#events.length > 0) yield this.#events.shift();
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

/** An error as the client of a chat service throws it. */
export const failure = (code, message = code) => Object.assign(new Error(message), { code, retryable: true });

/** Each request waits in `turns` until the test accepts, feeds or refuses it. */
export class ScriptedService {
  turns = [];
  stops = [];
  spoken = [];

  stream(request, { signal } = {}) {
    const feed = new Feed();
    const turn = { request, signal, feed };
    const opened = new Promise((resolve, reject) => {
      turn.accept = (more = {}) => {
        const { messageId, replyId } = request;
        feed.push({ type: 'turn', turnId: `turn-${this.turns.indexOf(turn)}`, messageId, replyId, ...more });
        resolve(feed);
        return feed;
      };
      /** Accepts it, as a service that sends no `turn` event. */
      turn.acceptSilently = () => (resolve(feed), feed);
      turn.refuse = (error) => reject(error);
      signal?.addEventListener('abort', () => {
        const error = new DOMException('aborted', 'AbortError');
        reject(error);
        feed.fail(error);
      });
    });
    this.turns.push(turn);
    return opened;
  }

  get last() {
    return this.turns.at(-1);
  }

  async stop(turnId) {
    this.stops.push(turnId);
  }

  async speak(text, { signal } = {}) {
    this.spoken.push({ text, signal });
    return new Uint8Array([1, 2, 3]);
  }
}

/** Lets everything that is ready run. */
export const settled = async () => {
  for (let tries = 0; tries < 20; tries += 1) await Promise.resolve();
};
