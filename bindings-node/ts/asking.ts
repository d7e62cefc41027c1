/** Calls of clients that may ask a function of the program for tokens. */

import { ActiveCall } from './active-call.js';
import { fromThrown } from './core-error.js';
import { caller, hosted, type Hosted } from './host.js';
import { TOKEN_PROVIDER } from './host-kinds.js';
import type { TokenFunction } from './host-types.js';
import { native, type Call, type Options } from './native.js';
import { callOptions, type RequestOptions } from './options.js';
import { settingsJson } from './settings-json.js';
import { Aborter } from './signal.js';

/** A client of the native side. */
interface Client<Self> {
  withOptions(options: Options): Self;
  askedBy(number: number): Self;
}

/** The settings of such a client. */
interface Asking {
  baseURL: string;
  tokenProvider?: TokenFunction | null;
}

type Make<Native> = new (settings: string, host?: InstanceType<typeof native.Host> | null, tokenProvider?: number | null) => Native;

/** A client's native side, and the function that it asks for tokens. */
export class AskingClient<Native extends Client<Native>> {
  constructor(
    readonly native: Native,
    readonly provider: Hosted | undefined,
  ) {}

  /** A client with these settings, or of this URL. */
  static open<Native extends Client<Native>>(made: Make<Native>, settings: Asking | string | undefined): AskingClient<Native> {
    const { tokenProvider, ...plain } = typeof settings === 'string' ? { baseURL: settings } : (settings ?? ({} as Asking));
    const provider = tokenProvider ? hosted(TOKEN_PROVIDER, tokenProvider) : undefined;
    try {
      return new AskingClient(new made(settingsJson(plain), provider?.host, provider?.number), provider);
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** Starts a call, on whose behalf the function is asked in the asynchronous context of the code that runs now. */
  call(start: (client: Native) => Call, options: RequestOptions | undefined): ActiveCall {
    const { provider } = this;
    const [context, number] = provider ? caller() : [];
    const begin = () => {
      const client = options ? this.native.withOptions(callOptions({}, options)) : this.native;
      return start(number === undefined ? client : client.askedBy(number));
    };
    return new ActiveCall(begin, new Aborter(options?.signal), { provider, context });
  }
}
