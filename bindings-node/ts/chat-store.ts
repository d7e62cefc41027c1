/** The client of a chat store. */

import { AnyStore } from './any-store.js';
import { camelCased } from './camel-case.js';
import { fromThrown } from './core-error.js';
import { native } from './native.js';
import { callOptions, type RequestOptions } from './options.js';
import type { StoreSettings } from './settings.js';
import { settingsJson } from './settings-json.js';
import { asked, askedCamelCased, written, type StoreMessage, type StoreStats, type Workspace } from './stored.js';

type Native = InstanceType<typeof native.ChatStore>;

/**
 * A client of the chat store, which keeps messages, workspaces and sessions. An expired access token is renewed once, however
 * many calls find it stale.
 */
export class ChatStore extends AnyStore {
  #store: Native;

  /** Nothing is sent. Every call needs tokens: the client's own, or those of `withTokens()`. */
  constructor(settings: StoreSettings | string);
  constructor(settings: StoreSettings | string | Native) {
    const store = settings instanceof native.ChatStore ? settings : opened(settings);
    super(() => store.store());
    this.#store = store;
  }

  /** The same client with these tokens. It shares connections and renewed tokens. */
  withTokens(accessToken: string, refreshToken: string): ChatStore {
    return of(this.#store.withTokens(accessToken, refreshToken));
  }

  /** The same client for the user with this UUID. */
  forUser(userId: string): ChatStore {
    return of(this.#store.forUser(userId));
  }

  /** Counters of the calls of this client and its copies. */
  stats(): StoreStats {
    return camelCased(JSON.parse(this.#store.stats())) as StoreStats;
  }

  /** Saves a message. Saving the same id again replaces it, so transient failures are retried. */
  async save(message: StoreMessage, options?: RequestOptions): Promise<void> {
    await asked(() => this.#for(options).save(written(message)), options);
  }

  /** Counts a saved message in the workspace's active session. Call it once for each saved message. */
  async countMessage(workspaceId: string, options?: RequestOptions): Promise<void> {
    await asked(() => this.#for(options).countMessage(workspaceId), options);
  }

  /** Creates a workspace for a user. A call that failed may still have created it. */
  async createWorkspace(userId: string, name: string, options?: RequestOptions): Promise<Workspace> {
    return (await askedCamelCased(() => this.#for(options).createWorkspace(userId, name), options)) as Workspace;
  }

  /** Starts a session in a workspace, so that its messages are counted. */
  async startSession(workspaceId: string, userId: string, options?: RequestOptions): Promise<void> {
    await asked(() => this.#for(options).startSession(workspaceId, userId), options);
  }

  /** The messages of a workspace, the earliest first. */
  async history(workspaceId: string, options?: RequestOptions): Promise<StoreMessage[]> {
    return (await askedCamelCased(() => this.#for(options).history(workspaceId), options)) as StoreMessage[];
  }

  /** All workspaces of a user with this status. */
  async workspaces(userId: string, status: 'ACTIVE' | 'ARCHIVED' | 'DELETED' = 'ACTIVE', options?: RequestOptions): Promise<Workspace[]> {
    return (await askedCamelCased(() => this.#for(options).workspaces(userId, status), options)) as Workspace[];
  }

  /** The fields of the workspace's session in which messages are counted now, as the store names them. */
  async activeSession(workspaceId: string, options?: RequestOptions): Promise<Record<string, unknown> | null> {
    return (await asked(() => this.#for(options).activeSession(workspaceId), options)) as Record<string, unknown> | null;
  }

  /** Sets the status of the workspace's session. */
  async setSessionStatus(workspaceId: string, status: 'ACTIVE' | 'COMPLETED' | 'ERROR' | 'TIMEOUT', options?: RequestOptions): Promise<void> {
    await asked(() => this.#for(options).setSessionStatus(workspaceId, status), options);
  }

  #for(options: RequestOptions | undefined): Native {
    return options ? this.#store.withOptions(callOptions({}, options)) : this.#store;
  }
}

function of(store: Native): ChatStore {
  return new ChatStore(store as unknown as string);
}

function opened(settings: StoreSettings | string): Native {
  const json = settingsJson(typeof settings === 'string' ? { baseURL: settings } : (settings ?? {}));
  try {
    return new native.ChatStore(json);
  } catch (error) {
    throw fromThrown(error);
  }
}
