/** Bytes as the body of a response of Node. */

/** A response of `node:http` or `node:http2`, also the one of Express. */
export interface ServerResponseLike {
  statusCode: number;
  statusMessage?: string | undefined;
  readonly headersSent: boolean;
  readonly destroyed?: boolean | undefined;
  readonly writableEnded?: boolean | undefined;
  /** Of HTTP/2. */
  readonly stream?: { readonly destroyed: boolean; close(code: number): unknown; once(event: string, listener: () => void): unknown } | null;
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

/** The error code of HTTP/2 for a stream that its server breaks off. */
const INTERNAL_ERROR = 2;

/** The responses whose end is ours. */
const ended = new WeakSet<ServerResponseLike>();

/** Ends a response, as the one who answers. */
export function end(response: ServerResponseLike, bytes?: Uint8Array): void {
  ended.add(response);
  if (bytes) response.end(bytes);
  else response.end();
}

/** Breaks a response off, so that its reader does not take it for whole. */
function reset(response: ServerResponseLike): void {
  // Over HTTP/2, `destroy()` would end the body well.
  if (response.stream) response.stream.close(INTERNAL_ERROR);
  else response.destroy();
}

/**
 * Calls back once the reader has gone before the end of the response, which may be so already. A response that another part of
 * the program ends has no reader either. The result ends that.
 */
export function onceGone(response: ServerResponseLike, gone: () => void): () => void {
  if (response.destroyed || response.stream?.destroyed || response.writableEnded) gone();
  const forget = () => {
    response.off('close', gone);
    response.off('finish', finish);
  };
  const finish = () => {
    forget();
    if (!ended.has(response)) gone();
  };
  response.once('close', gone);
  // Every response is closed at last.
  response.once('finish', finish);
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
  const leave = () => {
    isGone = true;
    source.close();
    wake();
  };
  const forget = onceGone(response, leave);
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
      if (response.writableEnded) leave();
      if (!piece || isGone) break;
      if (!response.write(piece)) await event('drain');
    }
    if (!isGone) {
      const written = event('finish');
      end(response);
      await written;
    } else if (!response.writableEnded) response.destroy();
  } catch {
    // The source has logged the error.
    if (!response.writableEnded) reset(response);
  } finally {
    forget();
  }
}
