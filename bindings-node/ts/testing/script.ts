/** Replies of the fake services, as a test writes them. */

/** A reply: what is sent, and when. */
export interface FakeReply {
  /** The status; by default 200. */
  status?: number;
  /** Pairs of a name and a value. */
  headers?: readonly (readonly [name: string, value: string])[];
  /** The end of the body is marked by chunks (the default), by a `Content-Length`, or by the close of the connection; `raw` replies have no head. */
  framing?: 'chunked' | 'length' | 'close' | 'raw';
  /** The service does nothing (the default); its work, but sends this reply (`commit`); or its work, and sends its own reply (`pass`). */
  act?: 'nothing' | 'commit' | 'pass';
  /** The bytes of a piece, where steps are sent in pieces. */
  split?: number;
  /** The pause between such pieces. */
  splitWaitMs?: number;
  /** The bytes that are collected for one write. */
  coalesce?: number;
  /** The pause before the first byte. */
  waitMsBeforeHeaders?: number;
  /** False closes the connection after the reply. */
  keepAlive?: boolean;
  steps?: readonly FakeStep[];
}

/** A step of a reply. */
export type FakeStep =
  /** A chunk of text. */
  | { text: string }
  /** The first chunk. */
  | { role: string }
  /** The chunk with the reason of the end, such as `stop`. */
  | { finish: string }
  /** The chunk with the tokens of the prompt and of the reply. */
  | { usage: [prompt: number, completion: number] }
  /** The `[DONE]` at the end of a stream. */
  | { done: true }
  /** Any JSON, as an event of the stream. */
  | { sse: unknown }
  /** Any JSON, as it is: a body that is not streamed. */
  | { json: unknown }
  /** A comment of the stream, such as services send to keep it alive. */
  | { comment: string }
  /** Any text, as it is. */
  | { send: string }
  /** Any bytes, in hexadecimal. */
  | { sendHex: string }
  /** A pause. */
  | { waitMs: number }
  | { repeat: { times: number; steps: readonly FakeStep[] } }
  /** Text in pieces of some bytes, with a pause before each but the first. */
  | { drip: { text: string; bytes?: number; waitMs: number } }
  /** Silence until the client leaves. */
  | { stall: true }
  /** The connection is reset. */
  | { reset: true }
  /** The connection closes before the end of the body. */
  | { truncate: true };
