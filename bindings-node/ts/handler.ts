/** The routes of a chat service, for servers of the web's `Request` and `Response`. */

import { fromThrown } from './core-error.js';
import { ConfigError } from './errors.js';
import { native, type WebCall, type WebReply } from './native.js';
import type { RoutesSettings } from './settings.js';
import { settingsJson } from './settings-json.js';
import { answer, engineOf, type Turns } from './turns.js';

/** The options of the routes. */
export interface ChatHandlerOptions<Context = any> extends RoutesSettings {
  /**
   * Returns the id of the request's user; `null` or `undefined` refuses it with 401. `context` is the handler's second argument:
   * the request of Node behind `nodeHandler()`.
   */
  authenticate: (request: Request, context: Context) => string | null | undefined | Promise<string | null | undefined>;
  /** The path below which the routes are, such as `/api`; default none. */
  basePath?: string | null;
  /** Receives what `authenticate` throws; the request is answered with 500, without details. Default `console.error`. */
  onError?: ((error: unknown, request: Request) => void) | null;
}

/** A function that answers requests; its second argument is for `authenticate`, and needed if that declares its type. */
export type ChatHandler<Context = any> = (request: Request, ...context: unknown extends Context ? [context?: any] : [context: Context]) => Promise<Response>;

/** The status of a request whose client has gone, as proxies log it: nobody reads the response. */
const GONE = 499;

/**
 * Makes a function that answers requests with the routes of a chat service, for Next.js, Hono, and other servers of `Request` and
 * `Response`. It never rejects. `nodeHandler()` makes a listener of it for `node:http`, Express and the like.
 */
export function chatHandler<Context = any>(
  turns: Turns,
  { authenticate, basePath, onError, ...settings }: ChatHandlerOptions<Context>,
): ChatHandler<Context> {
  const engine = engineOf(turns);
  if (!engine) throw new ConfigError('chatHandler: the first argument must be Turns');
  if (typeof authenticate !== 'function') throw new ConfigError('chatHandler: authenticate must be a function that returns the id of the user');
  const routes = routesOf(engine, settings);
  const names = native.webHeaders();
  if (typeof (onError ?? report) !== 'function') throw new ConfigError('chatHandler: onError must be a function that receives the error');
  const base = baseOf(basePath ?? '');

  const routeOf = ({ url }: Request) => {
    const { pathname } = new URL(url);
    return pathname.startsWith(base) ? routes.routeOf(pathname.slice(base.length)) : null;
  };

  const reply = async (call: WebCall, request: Request, context: Context): Promise<Response> => {
    const user: unknown = await authenticate(request, context);
    if (user === null || user === undefined) return whole(call.unauthorized());
    if (typeof user !== 'string') throw new TypeError(`authenticate must return the user's id, a string, or null; it returned a value of type ${typeof user}`);
    if (request.bodyUsed) throw new TypeError("authenticate must leave the request's body, or read that of request.clone()");
    const body = await read(request, call.maxBody);
    if (!body) return whole(call.tooLarge());
    const [answered, bytes] = await answer(turns, call, user, body, request);
    return bytes ? new Response(bytes, answered) : whole(answered);
  };

  return async (request, ...[context]) => {
    const headers = names.flatMap((name): [string, string][] => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    const call = routes.admit(routeOf(request), request.method, headers);
    if (call instanceof native.WebReply) return whole(call);
    try {
      return await reply(call, request, context as Context);
    } catch (error) {
      if (request.signal.aborted || error instanceof Gone) return new Response(null, { status: GONE });
      // Its own failure, thrown or rejected, must not take the answer's place.
      void (async () => (onError ?? report)(error, request))().catch(report);
      return whole(call.failed());
    }
  };
}

/** Without the request, whose headers are secrets. */
function report(error: unknown): void {
  console.error(error);
}

function baseOf(path: unknown): string {
  if (typeof path === 'string' && /^(\/[^?#]*)?$/.test(path)) return path.replace(/\/$/, '');
  throw new ConfigError(`chatHandler: basePath must be a path that begins with a slash, such as '/api'; it is ${typeof path === 'string' ? `'${path}'` : `of type ${typeof path}`}`);
}

function routesOf(engine: NonNullable<ReturnType<typeof engineOf>>, settings: RoutesSettings): InstanceType<typeof native.ChatRoutes> {
  try {
    return new native.ChatRoutes(engine, settingsJson(settings));
  } catch (error) {
    throw fromThrown(error);
  }
}

/** The client has gone before its request was complete. */
class Gone extends Error {}

/** The body of a request; `undefined` if it has more bytes than `most`. */
async function read({ body }: Request, most: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (;;) {
    const piece = await reader?.read().catch((error) => Promise.reject(new Gone(undefined, { cause: error })));
    if (!piece?.value) return Buffer.concat(pieces, size);
    size += piece.value.length;
    if (size > most) return undefined;
    pieces.push(piece.value);
  }
}

/** A reply with its whole body. Its length spares a server the chunks. */
function whole({ status, headers, body }: WebReply): Response {
  const length: [string, string][] = body === null ? [] : [['content-length', `${Buffer.byteLength(body)}`]];
  return new Response(body, { status, headers: [...headers, ...length] });
}
