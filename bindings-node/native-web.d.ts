/** The part of the native binding for web frameworks, as `src/web/` makes it. */

import type { Call, Trace, Turn, Turns } from './native.js';

/** The names of the request headers that `admit` reads, in lower case. */
export declare function webHeaders(): Array<string>

/** The routes of a chat service. */
export declare class ChatRoutes {
  /** Routes over these turns, with settings as JSON. */
  constructor(turns: Turns, settings: string)
  /** The paths of the routes, by their names. */
  get paths(): Record<string, string>
  /** The name of the route at this path; `null` if there is none. */
  routeOf(path: string): string | null
  /**
   * Checks the head of a request. The headers are pairs, of which those in `webHeaders` are read. The result is the reply, or
   * the call for the rest of the request.
   */
  admit(route: string | undefined | null, method: string, headers: Array<[string, string]>): WebReply | WebCall
}

/** A request whose head is accepted. */
export declare class WebCall {
  /** The name of the route. */
  get route(): string
  /** The largest body, in bytes. */
  get maxBody(): number
  /** The reply where `authenticate` knows no user. */
  unauthorized(): WebReply
  /** The reply to a body larger than `maxBody`. */
  tooLarge(): WebReply
  /** The reply where `authenticate` threw. */
  failed(): WebReply
  /** Answers the request of this user: once the call is answered, `WebReply.of(call)`. Functions that run for its turn get the number. */
  answer(userId: string, body: Uint8Array, number?: number | undefined | null, trace?: Trace | undefined | null): Call
}

/** The reply to a request. */
export declare class WebReply {
  /** The reply of a call that is answered with one; once. */
  static of(call: Call): WebReply | null
  /** The status. */
  get status(): number
  /** Pairs, without `Content-Length`. */
  get headers(): Array<[string, string]>
  /** The whole body; `null` for an empty one, and for a turn. */
  get body(): string | null
  /** `sse`, `ui` or `text`, if the body is a turn. */
  get wire(): string | null
  /** The turn that is the body, to be sent on `wire`; once. */
  turn(): Turn | null
}
