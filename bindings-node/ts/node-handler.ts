/** Servers of Node around a function from the web's `Request` to its `Response`. */

import { end, onceGone, pipe, type ServerResponseLike } from './pipe.js';

/** A request of `node:http` or `node:http2`, also the one of Express. */
export interface ServerRequestLike extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Names and values in turn. */
  readonly rawHeaders: string[];
  /** The body, if a middleware has read it, such as `express.json()`. */
  readonly body?: unknown;
  readonly complete: boolean;
  readonly readableDidRead?: boolean | undefined;
  readonly socket?: object | null;
}

/**
 * The request of each response: Node's `request.signal` no longer aborts once its request is collected (nodejs/node#55428),
 * and a function may keep the signal alone.
 */
const requests = new WeakMap<ServerResponseLike, Request>();

/**
 * A listener for `node:http`, `node:http2`, Express and the like that answers with this function, such as the one of
 * `chatHandler()`. Its second argument is the request of Node. The promise never rejects.
 */
export function nodeHandler<Incoming extends ServerRequestLike>(
  handler: (request: Request, incoming: Incoming) => Response | Promise<Response>,
): (incoming: Incoming, response: ServerResponseLike) => Promise<void> {
  return async (incoming, response) => {
    const gone = new AbortController();
    const request = requestOf(incoming, gone.signal);
    if (!request) return fail(response, 400);
    requests.set(response, request);
    const forget = onceGone(response, () => gone.abort());
    try {
      await send(await handler(request, incoming), incoming, response);
    } catch (error) {
      console.error(error);
      fail(response, 500);
    } finally {
      forget();
    }
  };
}

function fail(response: ServerResponseLike, status: number): void {
  response.statusCode = status;
  end(response);
}

/** The request for the web; `undefined` for one that the web has no form of, such as TRACE. */
function requestOf(incoming: ServerRequestLike, signal: AbortSignal): Request | undefined {
  const { method = 'GET', url = '/', rawHeaders } = incoming;
  try {
    const headers = new Headers();
    let authority: string | undefined;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!;
      if (!name.startsWith(':')) headers.append(name, rawHeaders[i + 1]!);
      else if (name === ':authority') authority = rawHeaders[i + 1]!;
    }
    // HTTP/2 has the host in a field of its own, which counts where there is a header beside it.
    if (authority !== undefined) headers.set('host', authority);
    const scheme = incoming.socket && 'encrypted' in incoming.socket ? 'https' : 'http';
    const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(incoming);
    return new Request(addressOf(scheme, headers.get('host') || 'localhost', url), { method, headers, body, signal, duplex: 'half' });
  } catch {
    return undefined;
  }
}

/** The address of a request; throws for a host from which another path would come. */
function addressOf(scheme: string, host: string, target: string): string {
  // The form that proxies use.
  if (/^https?:\/\//i.test(target)) return target;
  if (/[/?#@\\]/.test(host)) throw new TypeError('the Host header is no host');
  return `${scheme}://${host}${target.startsWith('/') ? '' : '/'}${target}`;
}

function bodyOf(incoming: ServerRequestLike): ReadableStream<Uint8Array> | Uint8Array | string {
  const { body } = incoming;
  if (body instanceof Uint8Array || typeof body === 'string') return body;
  if (body !== undefined) return JSON.stringify(body);
  const pieces = incoming[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      pull: async (sink) => {
        const { done, value } = await pieces.next();
        if (done) sink.close();
        else sink.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

async function send(answer: Response, incoming: ServerRequestLike, response: ServerResponseLike): Promise<void> {
  // Another part of the program has answered.
  if (response.writableEnded) return answer.body?.cancel();
  response.statusCode = answer.status;
  // HTTP/2 has none.
  if (answer.statusText && !response.stream) response.statusMessage = answer.statusText;
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  // Each is a header of its own, and none replaces another.
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  // Node reads on only in a body that was not touched.
  if (incoming.readableDidRead && !incoming.complete && !response.stream) response.setHeader('connection', 'close');
  if (!answer.body || answer.headers.has('content-length')) {
    end(response, new Uint8Array(await answer.arrayBuffer()));
    return;
  }
  const reader = answer.body.getReader();
  const close = () => void reader.cancel().catch(() => {});
  await pipe({ bytes: async () => (await reader.read()).value, close }, response);
}
