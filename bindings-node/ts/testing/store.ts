/** A fake chat store. */

import { randomUUID } from 'node:crypto';

import { Fake } from './service.js';

/** The life of a refresh token. */
const REFRESH_MS = 24 * 60 * 60 * 1000;

/** The tokens of a user, by the names of a turn's fields. */
export interface FakeLogin {
  accessToken: string;
  refreshToken: string;
}

/**
 * A chat store, which keeps in memory what it is told. Its `url` is that of a `ChatStore`. `script` takes the name of a call as its
 * key: `save`, `update-messages`, `create-workspace`, `start-session`, `history`, `workspaces`, `session`, `update-status` or
 * `reissue`.
 */
export class FakeStore extends Fake {
  constructor() {
    super('store');
  }

  /**
   * Tokens of a user. The access token lives for `accessLife` milliseconds, by default half an hour; one that has expired is
   * answered with 401 and `Token-Expired`.
   */
  login(userId: string, { accessLife }: { accessLife?: number } = {}): FakeLogin {
    const lives = accessLife === undefined ? {} : { accessMs: Math.round(accessLife), refreshMs: REFRESH_MS };
    const { access, refresh } = this.control('POST', 'login', { memUuid: userId, ...lives }) as { access: string; refresh: string };
    return { accessToken: access, refreshToken: refresh };
  }

  /** Creates a workspace with an active session, and returns its id. */
  addWorkspace(userId: string, workspaceId: string = randomUUID()): string {
    this.control('POST', 'workspace', { workspaceId, memUuid: userId });
    return workspaceId;
  }

  /** The messages of a workspace as they were saved (`msgId`, `msgContent` …), in the order of their first saves. */
  messages(workspaceId: string): Record<string, any>[] {
    const { messages } = this.control('GET', 'stored') as { messages: { message: Record<string, any> }[] };
    return messages.map(({ message }) => message).filter((message) => message['msgWorkspaceId'] === workspaceId);
  }

  /** Turns the store's clock on by some milliseconds: tokens expire, sessions time out. */
  advance(ms: number): void {
    this.control('POST', 'advance', { ms: Math.round(ms) });
  }

  /** Queues an error for a call. */
  fail(call: string, status: number, message: string): void {
    const error = { success: false, message, data: null };
    this.script({ status, framing: 'length', steps: [{ json: error }] }, call);
  }

  /** Queues the call's own answer, such as after errors. */
  work(call: string): void {
    this.script({ act: 'pass' }, call);
  }
}
