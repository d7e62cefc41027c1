/** The embedded store. */

import { AnyStore } from './any-store.js';
import { fromThrown } from './core-error.js';
import { native } from './native.js';
import { asked, askedCamelCased, written, type Abortable, type HistoryPage, type StoreMessage, type StoreSession, type Workspace } from './stored.js';

/**
 * An embedded store of conversations: one SQLite file, shared by the processes that open it, without a server. It goes where
 * `ChatStore` goes. It needs no tokens: every call names its user, who reaches only workspaces and messages of their own.
 */
export class SqliteStore extends AnyStore {
  #store: InstanceType<typeof native.SqliteStore>;

  /** Opens or creates the file, with access for its owner alone. This blocks for a moment: open it when the program starts. */
  constructor(path: string) {
    const store = opened(path);
    super(() => store.store());
    this.#store = store;
  }

  /** The path of the file, absolute and without links. */
  get path(): string {
    return this.#store.path;
  }

  /** Saves a message of this user. Saving the same id again replaces it. */
  async save(userId: string, message: StoreMessage, options?: Abortable): Promise<void> {
    await asked(() => this.#store.save(userId, written(message)), options);
  }

  /** The messages of a workspace, the earliest first. */
  async history(userId: string, workspaceId: string, options?: Abortable): Promise<StoreMessage[]> {
    return (await askedCamelCased(() => this.#store.history(userId, workspaceId), options)) as StoreMessage[];
  }

  /**
   * A page of a workspace's history, from its end: the latest messages (at most `limit`, default 50), or those before the page
   * whose `before` is given. Messages that are saved meanwhile move no page.
   */
  async historyPage(userId: string, workspaceId: string, { before, limit = 50, signal }: Abortable & { before?: string | null; limit?: number } = {}): Promise<HistoryPage> {
    return (await askedCamelCased(() => this.#store.historyPage(userId, workspaceId, before, limit), { signal })) as HistoryPage;
  }

  /** The workspaces of a user, the last used first. */
  async workspaces(userId: string, options?: Abortable): Promise<Workspace[]> {
    return (await askedCamelCased(() => this.#store.workspaces(userId), options)) as Workspace[];
  }

  /** Creates a workspace for a user. */
  async createWorkspace(userId: string, name: string, options?: Abortable): Promise<Workspace> {
    return (await askedCamelCased(() => this.#store.createWorkspace(userId, name), options)) as Workspace;
  }

  /** Renames a workspace. */
  async renameWorkspace(userId: string, workspaceId: string, name: string, options?: Abortable): Promise<Workspace> {
    return (await askedCamelCased(() => this.#store.renameWorkspace(userId, workspaceId, name), options)) as Workspace;
  }

  /** Deletes a workspace and its messages for good, and overwrites their text in the file. False if the user does not have it. */
  async deleteWorkspace(userId: string, workspaceId: string, options?: Abortable): Promise<boolean> {
    return (await asked(() => this.#store.deleteWorkspace(userId, workspaceId), options)) as boolean;
  }

  /** The sessions of a workspace, the earliest first. */
  async sessions(userId: string, workspaceId: string, options?: Abortable): Promise<StoreSession[]> {
    return (await askedCamelCased(() => this.#store.sessions(userId, workspaceId), options)) as StoreSession[];
  }
}

function opened(path: string): InstanceType<typeof native.SqliteStore> {
  try {
    return new native.SqliteStore(path);
  } catch (error) {
    throw fromThrown(error);
  }
}
