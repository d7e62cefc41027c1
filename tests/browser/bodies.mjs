/** The answers of the fake service's scripts as bytes, cut anywhere: no socket is needed. */

const encoder = new TextEncoder();

/** The response of a script. `isCut` is true if its body breaks off. */
export function bodyOf({ status = 200, headers = [], steps, ...others }) {
  const unknown = Object.keys(others).filter((name) => !['split', 'framing'].includes(name));
  if (unknown.length) throw new Error(`a script with ${unknown}`);
  const parts = steps.map(({ send, send_hex: hex, sse, json, comment, truncate, ...more }) => {
    if (Object.keys(more).length) throw new Error(`a step with ${Object.keys(more)}`);
    if (truncate) return Buffer.alloc(0);
    if (hex !== undefined) return Buffer.from(hex, 'hex');
    return encoder.encode(send ?? (sse ? `data: ${JSON.stringify(sse)}\n\n` : comment !== undefined ? `: ${comment}\n\n` : JSON.stringify(json)));
  });
  const isJson = steps.some(({ json }) => json !== undefined);
  return { status, headers: [['content-type', isJson ? 'application/json' : 'text/event-stream'], ...headers].slice(-1), bytes: Buffer.concat(parts), isCut: steps.some(({ truncate }) => truncate) };
}

/** A stream of the bytes in pieces of random sizes; some are empty. */
export function pieces(bytes, next, isCut = false) {
  const largest = 1 + Math.floor(next() * next() * bytes.length * 1.5);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) {
        const size = Math.floor(next() * (largest + 1));
        controller.enqueue(new Uint8Array(bytes.subarray(at, at + size)));
        at += size;
      } else if (isCut) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
}

/** Events with neighbouring pieces of text as one. */
export function join(events) {
  return events.reduce((joined, event) => {
    const last = joined.at(-1);
    if (event.type === 'content' && last?.type === 'content') joined[joined.length - 1] = { ...last, content: last.content + event.content };
    else joined.push(event);
    return joined;
  }, []);
}

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
export function random(seed) {
  let state = [...seed].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) | 0, 7);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
