/** Bytes as the body of a response of Node. */

/** A response of `node:http` or `node:http2`, also the one of Express. */
export interface ServerResponseLike {
  statusCode: number;
  readonly headersSent: boolean;
  readonly destroyed?: boolean | undefined;
  /** Of HTTP/2. */
  readonly stream?: { readonly destroyed: boolean; once(event: string, listener: () => void): unknown } | null;
  hasHeader(name: string): boolean;
  setHeader(name: string, value: string | string[]): unknown;
  /** Express and `node:http` declare it; the types of HTTP/2 lack it. */
  flushHeaders?(): void;
  write(piece: Uint8Array): boolean;
  end(): unknown;
  end(bytes: Uint8Array): unknown;
  destroy(): unknown;
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** The bytes to send. */
export interface Source {
  /** The next bytes; `undefined` at their end. */
  bytes(): Promise<Uint8Array | undefined>;
  /** Called when the reader has gone, also while `bytes()` waits. */
  close(): void;
}

/** Calls back once the reader has gone before the end of the response, which may be so already. The result ends that. */
export function onceGone(response: ServerResponseLike, gone: () => void): () => void {
  if (response.destroyed || response.stream?.destroyed) gone();
  const forget = () => {
    response.off('close', gone);
    response.off('finish', forget);
  };
  response.once('close', gone);
  // Every response is closed at last.
  response.once('finish', forget);
  // A reader of HTTP/2 that leaves without an error while it reads nothing: its stream is closed much later.
  response.stream?.once('aborted', gone);
  return forget;
}

/**
 * Sends bytes as the body of a response, no faster than its reader reads. Resolves once they are sent, or the reader has gone.
 * Bytes that fail reset the connection: the reader must not take them for whole.
 */
export async function pipe(source: Source, response: ServerResponseLike): Promise<void> {
  let isGone = false;
  let wake = () => {};
  const forget = onceGone(response, () => {
    isGone = true;
    source.close();
    wake();
  });
  /** Waits for this event, or the reader's leaving. */
  const event = (name: 'drain' | 'finish') =>
    new Promise<void>((resolve) => {
      if (isGone) return resolve();
      wake = resolve;
      response.once(name, resolve);
    });
  try {
    // The reader learns now that there is a stream, and not with its first event.
    if (!isGone && !response.headersSent) response.flushHeaders?.();
    while (!isGone) {
      const piece = await source.bytes();
      if (!piece) break;
      if (!response.write(piece)) await event('drain');
    }
    const written = event('finish');
    if (isGone) response.destroy();
    else response.end();
    await written;
  } catch {
    // The source has logged the error.
    response.destroy();
  } finally {
    forget();
  }
}
