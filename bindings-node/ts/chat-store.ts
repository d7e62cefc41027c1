/** The client of a chat store. */

import { AnyStore } from './any-store.js';
import { AskingClient } from './asking.js';
import { camelCased } from './camel-case.js';
import type { TokenFunction } from './host-types.js';
import { native, type Call } from './native.js';
import type { RequestOptions } from './options.js';
import type { StoreSettings } from './settings.js';
import { text, written, type StoreMessage, type StoreStats, type Workspace } from './stored.js';

type Native = InstanceType<typeof native.ChatStore>;

/** The settings of a client of a chat store. */
export interface ChatStoreOptions extends StoreSettings {
  /**
   * Returns tokens of a user where a call has none, or where its tokens were refused. It runs in the asynchronous context of
   * the call.
   */
  tokenProvider?: TokenFunction | null;
}

/**
 * A client of the chat store, which keeps messages, workspaces and sessions. An expired access token is renewed once, however
 * many calls find it stale.
 */
export class ChatStore extends AnyStore {
  readonly #client: AskingClient<Native>;

  /** Nothing is sent. Every call needs tokens: the client's own, those of `withTokens()`, or the provider's. */
  constructor(settings: ChatStoreOptions | string);
  constructor(settings: ChatStoreOptions | string | AskingClient<Native>) {
    const client = settings instanceof AskingClient ? settings : AskingClient.open<Native>(native.ChatStore, settings);
    super(() => client.native.store(), client.provider);
    this.#client = client;
  }

  /** The same client with these tokens. It shares connections and renewed tokens. */
  withTokens(accessToken: string, refreshToken: string): ChatStore {
    return this.#with((store) => store.withTokens(accessToken, refreshToken));
  }

  /** The same client for the user with this UUID, whose tokens the provider is asked for. */
  forUser(userId: string): ChatStore {
    return this.#with((store) => store.forUser(text(userId, 'userId')));
  }

  /** Counters of the calls of this client and its copies. */
  stats(): StoreStats {
    return camelCased(JSON.parse(this.#client.native.stats())) as StoreStats;
  }

  /** Saves a message. Saving the same id again replaces it, so transient failures are retried. */
  async save(message: StoreMessage, options?: RequestOptions): Promise<void> {
    await this.#value((store) => store.save(written(message, 'store.save')), options);
  }

  /** Counts a saved message in the workspace's active session. Call it once for each saved message. */
  async countMessage(workspaceId: string, options?: RequestOptions): Promise<void> {
    await this.#value((store) => store.countMessage(text(workspaceId, 'workspaceId')), options);
  }

  /** Creates a workspace for a user. A call that failed may still have created it. */
  async createWorkspace(userId: string, name: string, options?: RequestOptions): Promise<Workspace> {
    return (await this.#camelCased((store) => store.createWorkspace(text(userId, 'userId'), text(name, 'name')), options)) as Workspace;
  }

  /** Starts a session in a workspace, so that its messages are counted. */
  async startSession(workspaceId: string, userId: string, options?: RequestOptions): Promise<void> {
    await this.#value((store) => store.startSession(text(workspaceId, 'workspaceId'), text(userId, 'userId')), options);
  }

  /** The messages of a workspace, the earliest first. */
  async history(workspaceId: string, options?: RequestOptions): Promise<StoreMessage[]> {
    return (await this.#camelCased((store) => store.history(text(workspaceId, 'workspaceId')), options)) as StoreMessage[];
  }

  /** All workspaces of a user with this status. */
  async workspaces(userId: string, status: 'ACTIVE' | 'ARCHIVED' | 'DELETED' = 'ACTIVE', options?: RequestOptions): Promise<Workspace[]> {
    return (await this.#camelCased((store) => store.workspaces(text(userId, 'userId'), status), options)) as Workspace[];
  }

  /** The fields of the workspace's session in which messages are counted now, as the store names them. */
  async activeSession(workspaceId: string, options?: RequestOptions): Promise<Record<string, unknown> | null> {
    return (await this.#value((store) => store.activeSession(text(workspaceId, 'workspaceId')), options)) as Record<string, unknown> | null;
  }

  /** Sets the status of the workspace's session. */
  async setSessionStatus(workspaceId: string, status: 'ACTIVE' | 'COMPLETED' | 'ERROR' | 'TIMEOUT', options?: RequestOptions): Promise<void> {
    await this.#value((store) => store.setSessionStatus(text(workspaceId, 'workspaceId'), status), options);
  }

  #with(change: (store: Native) => Native): ChatStore {
    const { native, provider } = this.#client;
    return storeOf(new AskingClient(change(native), provider));
  }

  async #value(start: (store: Native) => Call, options: RequestOptions | undefined): Promise<unknown> {
    return this.#client.call(start, options).value();
  }

  async #camelCased(start: (store: Native) => Call, options: RequestOptions | undefined): Promise<unknown> {
    return camelCased(await this.#value(start, options));
  }
}

/** A store of this client, which the public constructor does not take. If the class named itself, bundlers would rename it. */
function storeOf(client: AskingClient<Native>): ChatStore {
  return new ChatStore(client as unknown as string);
}
