/** A user of the system, by the same client as the page's. */

import { ChatService } from '../../bindings-node/dist/browser/index.mjs';

import { ACCOUNT } from './system.mjs';
import { until } from './until.mjs';

export class User {
  /** Logs in to the store, for turns at the chat services that are started. */
  static async login({ storeUrl, chats }, { name, password } = ACCOUNT) {
    const user = new User(storeUrl, chats.flatMap(({ url }) => url ?? []));
    const response = await fetch(`${storeUrl}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, password }) });
    if (!response.ok) throw new Error(`POST /login: ${response.status}`);
    user.#keep(response);
    user.id = (await response.json()).data.memUUID;
    return user;
  }

  /** The renewals of the access token. */
  renewals = 0;

  constructor(storeUrl, chatUrls) {
    this.storeUrl = storeUrl;
    const refresh = () => this.renew();
    this.services = chatUrls.map((baseURL) => new ChatService({ baseURL, accessToken: () => this.access, refreshToken: () => this.refresh, refresh }));
  }

  get #headers() {
    return { Authorization: `Bearer ${this.access}`, RefreshToken: `Bearer ${this.refresh}` };
  }

  #keep({ headers }) {
    const bare = (name) => headers.get(name)?.replace(/^Bearer /, '');
    this.access = bare('authorization') ?? this.access;
    this.refresh = bare('refreshtoken') ?? this.refresh;
  }

  async renew() {
    const call = fetch(`${this.storeUrl}/reissue`, { method: 'POST', headers: { ...this.#headers, extendLogin: 'true' } });
    // A store that is away renews nothing; the turn then fails with its own error.
    const response = await call.catch(() => null);
    if (!response?.ok) return false;
    this.#keep(response);
    this.renewals += 1;
    return true;
  }

  /** A call of the store: its `data`, or `null` without any. */
  async fromStore(path) {
    const call = () => fetch(this.storeUrl + path, { headers: this.#headers });
    let response = await call();
    if (response.status === 401 && (await this.renew())) response = await call();
    if (response.status === 204) return null;
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()).data;
  }

  /** The rows of a conversation, as their times order them; of one moment, replies first: the question is the next one. */
  async rows(workspace) {
    const rows = (await this.fromStore(`/api/chat/history/${encodeURIComponent(workspace)}`)) ?? [];
    const asks = ({ parentMsgId }) => Number(parentMsgId === null);
    return rows.sort((a, b) => a.msgSentAt - b.msgSentAt || asks(a) - asks(b));
  }

  /** The rows of a conversation once there are so many. */
  async stored(workspace, count) {
    let rows;
    return until(async () => (rows = await this.rows(workspace)).length >= count && rows, () => JSON.stringify(rows));
  }

  workspaces() {
    return this.fromStore(`/api/workspace/${this.id}/status?workspaceStatus=ACTIVE&offset=0&size=1000`).then((all) => all ?? []);
  }

  /** The active session of a conversation; `null` without one. */
  session(workspace) {
    return this.fromStore(`/api/session/${encodeURIComponent(workspace)}`);
  }

  /** The messages of a conversation that its active session has counted. */
  async counted(workspace) {
    return (await this.session(workspace))?.sessionMessageCount ?? 0;
  }

  /** A turn to its end, at one of the services. `onEvent` sees each event; what it throws leaves the turn. */
  async turn(request, { onEvent = () => {}, signal, at = 0 } = {}) {
    const turn = { request, events: [], text: '', ids: null, workspaceId: request.workspaceId ?? null, error: null };
    try {
      for await (const event of await this.services[at].stream(request, { signal })) {
        turn.events.push(event);
        if (event.type === 'turn') turn.ids = event;
        if (event.type === 'workspace') turn.workspaceId = event.workspaceId;
        if (event.type === 'content') turn.text += event.content;
        await onEvent(event, turn);
      }
    } catch (error) {
      turn.error = error;
    }
    return turn;
  }
}
