/** The client of a chat service, for pages. */

import type { TurnwireError } from '../turnwire-error.js';
import { bytes, fieldsOf, type Needed } from './answer.js';
import { openCall } from './call.js';
import { connection, type Request } from './connection.js';
import { isString } from './json.js';
import { streamEvents, TurnStream } from './turn-stream.js';
import type { CallOptions, ChatAnswer, ChatServiceOptions, TurnRequest } from './types.js';

/** A client of a chat service: it requests turns and reads their events. Its functions may be taken from it. */
export class ChatService {
  /**
   * Requests a turn, and resolves as soon as the service has accepted the message. A service that has no streams is asked for the
   * whole reply. After a network error nothing is sent again, since the service may have the message.
   */
  readonly stream: (request: TurnRequest, options?: CallOptions) => Promise<TurnStream>;
  /** Requests a turn and its whole reply, with `speech` also as audio. */
  readonly send: (request: TurnRequest, options?: CallOptions) => Promise<ChatAnswer>;
  /** The speech of a text, as MP3. */
  readonly speak: (text: string, options?: CallOptions) => Promise<Uint8Array>;
  /** Stops a turn, of which the service keeps the text so far; its stream then ends with `done`. The id is that of the event `turn`. */
  readonly stop: (turnId: string, options?: CallOptions) => Promise<void>;

  /** Nothing is sent. Without a URL, the service is at the page's own origin. */
  constructor(given: string | ChatServiceOptions = {}) {
    const options = isString(given) ? { baseURL: given } : { ...given };
    if (/api.?key/i.test(Object.keys(options).join())) throw openCall('new')._error('config', 'no API key in a page');
    const { wire, fallback = true, timeouts } = options;
    // Nothing of the options shows on a client: they hold tokens.
    const post = connection(options);

    const whole = async (name: string, path: 'chat' | 'speech' | 'stop', request: Request, sent: CallOptions | undefined, needed: Needed) => {
      const call = openCall(name, sent);
      try {
        await post(call, path, request);
        return fieldsOf(call, await call._body(), needed);
      } finally {
        call._close();
      }
    };

    this.stream = async (request, sent) => {
      const call = openCall('stream', sent);
      let form = wire;
      try {
        await post(call, 'stream', request).catch((error: TurnwireError) => {
          if (!fallback || !/40[45]|501/.test(error.status as unknown as string)) throw error;
          form = 'events';
          return post(call, 'chat', request);
        });
      } catch (error) {
        call._close();
        throw error;
      }
      return new TurnStream(call, streamEvents(call, form, timeouts));
    };
    this.send = async (request, sent) => {
      const { reply, workspaceId = null, audioBase64 } = await whole('send', 'chat', request, sent, 'reply');
      return { reply, workspaceId, audio: audioBase64 ? bytes(audioBase64) : null, stopped: false, usage: null };
    };
    this.speak = async (text, sent) => bytes((await whole('speak', 'speech', { text }, sent, 'audioBase64')).audioBase64 as string);
    this.stop = async (turnId, sent) => void (await whole('stop', 'stop', { turnId }, sent, 'JSON'));
  }
}
