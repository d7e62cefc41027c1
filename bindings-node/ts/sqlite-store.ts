/** The embedded store. */

import { ActiveCall } from './active-call.js';
import { AnyStore } from './any-store.js';
import { camelCased } from './camel-case.js';
import { fromThrown } from './core-error.js';
import { native, type Call } from './native.js';
import { Aborter } from './signal.js';
import { text, written, type Abortable, type HistoryPage, type StoreMessage, type StoreSession, type Workspace } from './stored.js';

type Native = InstanceType<typeof native.SqliteStore>;

/**
 * An embedded store of conversations: one SQLite file, shared by the processes that open it, without a server. It goes where
 * `ChatStore` goes. It needs no tokens: every call names its user, who reaches only workspaces and messages of their own.
 */
export class SqliteStore extends AnyStore {
  #store: Native;

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
    await this.#value((store) => store.save(text(userId, 'userId'), written(message, 'store.save')), options);
  }

  /** The messages of a workspace, the earliest first. */
  async history(userId: string, workspaceId: string, options?: Abortable): Promise<StoreMessage[]> {
    return (await this.#camelCased((store) => store.history(text(userId, 'userId'), text(workspaceId, 'workspaceId')), options)) as StoreMessage[];
  }

  /**
   * A page of a workspace's history, from its end: the latest messages (at most `limit`, default 50), or those before the page
   * whose `before` is given. Messages that are saved meanwhile move no page.
   */
  async historyPage(userId: string, workspaceId: string, { before, limit = 50, signal }: Abortable & { before?: string | null; limit?: number } = {}): Promise<HistoryPage> {
    return (await this.#camelCased((store) => store.historyPage(text(userId, 'userId'), text(workspaceId, 'workspaceId'), before, limit), { signal })) as HistoryPage;
  }

  /** The workspaces of a user, the last used first. */
  async workspaces(userId: string, options?: Abortable): Promise<Workspace[]> {
    return (await this.#camelCased((store) => store.workspaces(text(userId, 'userId')), options)) as Workspace[];
  }

  /** Creates a workspace for a user. */
  async createWorkspace(userId: string, name: string, options?: Abortable): Promise<Workspace> {
    return (await this.#camelCased((store) => store.createWorkspace(text(userId, 'userId'), text(name, 'name')), options)) as Workspace;
  }

  /** Renames a workspace. */
  async renameWorkspace(userId: string, workspaceId: string, name: string, options?: Abortable): Promise<Workspace> {
    return (await this.#camelCased((store) => store.renameWorkspace(text(userId, 'userId'), text(workspaceId, 'workspaceId'), text(name, 'name')), options)) as Workspace;
  }

  /** Deletes a workspace and its messages for good, and overwrites their text in the file. False if the user does not have it. */
  async deleteWorkspace(userId: string, workspaceId: string, options?: Abortable): Promise<boolean> {
    return (await this.#value((store) => store.deleteWorkspace(text(userId, 'userId'), text(workspaceId, 'workspaceId')), options)) as boolean;
  }

  /** The sessions of a workspace, the earliest first. */
  async sessions(userId: string, workspaceId: string, options?: Abortable): Promise<StoreSession[]> {
    return (await this.#camelCased((store) => store.sessions(text(userId, 'userId'), text(workspaceId, 'workspaceId')), options)) as StoreSession[];
  }

  async #value(start: (store: Native) => Call, options: Abortable | undefined): Promise<unknown> {
    return new ActiveCall(() => start(this.#store), new Aborter(options?.signal)).value();
  }

  async #camelCased(start: (store: Native) => Call, options: Abortable | undefined): Promise<unknown> {
    return camelCased(await this.#value(start, options));
  }
}

function opened(path: string): Native {
  try {
    return new native.SqliteStore(path);
  } catch (error) {
    throw fromThrown(error);
  }
}
