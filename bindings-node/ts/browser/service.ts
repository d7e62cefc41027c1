/** The client of a chat service, for pages. */

import { answerEvents, chatAnswer, speech } from './answer.js';
import { Call } from './call.js';
import { Connection } from './connection.js';
import { excerpt } from './json.js';
import { isBlank, json, turnBody } from './options.js';
import { listed, streamEvents, TurnStream } from './turn-stream.js';
import type { CallOptions, ChatAnswer, ChatServiceOptions, ServicePaths, Tokens, TurnRequest } from './types.js';

/** The clients' settings, which hold tokens: nothing of them shows on a client. */
const connections = new WeakMap<ChatService, Connection>();

/** A client of a chat service: it requests turns and reads their events. */
export class ChatService {
  /** Nothing is sent. Without a URL, the service is at the page's own origin. */
  constructor(options: string | ChatServiceOptions = {}) {
    const own = typeof options === 'string' ? { baseURL: options } : { ...options };
    const config = (why: string) => new Call('client.build').error('config', why);
    if (Object.keys(own).some((name) => /api.?key/i.test(name))) throw config('a page cannot keep an API key secret: leave it with the chat service');
    if (!['events', 'text', undefined].includes(own.wire)) throw config('`wire` is neither "events" nor "text"');
    connections.set(this, new Connection(own));
  }

  /**
   * Requests a turn, and resolves as soon as the service has accepted the message. A service that has no streams is asked for the
   * whole reply. After a network error nothing is sent again, since the service may have the message.
   */
  async stream(request: TurnRequest, options?: CallOptions): Promise<TurnStream> {
    const call = new Call('service.stream', options?.signal);
    const connection = connectionOf(this);
    const { wire, fallback = true } = connection.options;
    try {
      const body = turnBody(call, request, false);
      let response;
      try {
        response = await connection.post(call, 'stream', body, request);
      } catch (cause) {
        if (!fallback || ![404, 405, 501].includes((cause as { status?: number }).status ?? 0)) throw cause;
        const whole = await wholeBody(connection, call, 'chat', turnBody(call, request, true), request);
        return new TurnStream(call, listed(answerEvents(call, whole)));
      }
      // Bare text often has the type of pages, which is a framework's default.
      if (wire !== 'text' && /^\s*text\/html/i.test(response.headers.get('content-type') ?? '')) {
        const page = excerpt(await connection.text(call, response));
        throw call.error('unexpected_reply', `expected an event stream, got an HTML page: ${page}`, { status: response.status });
      }
      return new TurnStream(call, streamEvents(call, wire, connection.limits));
    } catch (error) {
      call.close();
      throw error;
    }
  }

  /** Requests a turn and its whole reply, with `speech` also as audio. */
  async send(request: TurnRequest, options?: CallOptions): Promise<ChatAnswer> {
    return wholeCall(this, 'service.send', 'chat', options, (call) => turnBody(call, request, true), chatAnswer, request);
  }

  /** The speech of a text, as MP3. */
  async speak(text: string, options?: CallOptions): Promise<Uint8Array> {
    const body = (call: Call) => {
      if (isBlank(text)) throw call.error('invalid_request', 'there is no text to speak');
      return json({ text });
    };
    return wholeCall(this, 'service.speak', 'speech', options, body, speech);
  }

  /** Stops a turn, of which the service keeps the text so far: its stream then ends with `done`. The id is that of the event `turn`. */
  async stop(turnId: string, options?: CallOptions): Promise<void> {
    return wholeCall(this, 'service.stop', 'stop', options, () => json({ turnId }), () => {});
  }
}

const connectionOf = (service: ChatService) => connections.get(service) as Connection;

async function wholeCall<Read>(
  service: ChatService,
  operation: string,
  path: keyof ServicePaths,
  options: CallOptions | undefined,
  body: (call: Call) => string,
  read: (call: Call, body: string) => Read,
  own?: Tokens,
): Promise<Read> {
  const call = new Call(operation, options?.signal);
  try {
    return read(call, await wholeBody(connectionOf(service), call, path, body(call), own));
  } finally {
    call.close();
  }
}

async function wholeBody(connection: Connection, call: Call, path: keyof ServicePaths, body: string, own?: Tokens): Promise<string> {
  return connection.text(call, await connection.post(call, path, body, own));
}
