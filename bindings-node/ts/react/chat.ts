/** A chat without a framework: it sends, reads and queues turns, and publishes snapshots. */

import type { TurnEvent, TurnwireError } from '../browser/index.js';
import { finishInfo } from './finish.js';
import { newId, replyIdOf } from './ids.js';
import type { InitialMessage, Message } from './message.js';
import { frame, isDisconnect, isHidden, returns, truncated } from './network.js';
import { given } from './options.js';
import type { Run, Waiting } from './run.js';
import { SpeechQueue } from './speech-queue.js';
import { type Ending, find, initialState, lastUser, replyOf, userOf, whole } from './state.js';
import { call, Store } from './store.js';
import type { ChatActions, ChatOptions, OutgoingMessage } from './types.js';

/** The longest wait for the service to end a turn that it was told to stop, in milliseconds. */
const STOP_LIMIT = 2000;

/** A conversation: its messages, its status, and the turns that change them. */
export class Chat extends Store implements ChatActions {
  /** The speech of its replies. */
  readonly speech: SpeechQueue;
  /** The page's name of the conversation. */
  readonly id: string | undefined;
  private _options: ChatOptions;
  /** The options of the components that show the chat; of the last that did, while none does. */
  private _ofComponents = new Map<object, Partial<ChatOptions>>();
  private _run: Run | null = null;
  /** In the order in which they are sent. */
  private _waiting = new Map<string, Waiting>();
  /** The number of components that show the chat. */
  private _pages = 0;
  /** No component shows it any more, so it is not heard. */
  private _isHidden = false;
  /** Its turn was left, so the queue waits. */
  private _isLeft = false;
  private _isClosed = false;

  /** Nothing is sent. Chats that share a `speech` silence each other. */
  constructor(options: ChatOptions, speech?: SpeechQueue) {
    super(initialState(options.initialMessages, options.workspaceId));
    this._options = { ...options };
    this.id = options.id;
    this.speech = speech ?? new SpeechQueue(options.speech);
  }

  /** Uses these options from now on; others stay. Those of a component take the place of its earlier ones, and hide the same ones of others. */
  configure(options: Partial<ChatOptions>, component?: object): void {
    if (!component) return void Object.assign(this._options, given(options));
    this._ofComponents.delete(component);
    this._ofComponents.set(component, given(options));
    this._merge();
  }

  private _merge(): void {
    this._options = Object.assign({}, ...this._ofComponents.values());
  }

  /** Components show the chat. */
  get isShown(): boolean {
    return this._pages > 0;
  }

  /**
   * Lives in the page until the returned function is called: unsent messages are restored, and the network's return is noticed. Then
   * it is silent, and unless it is to be kept, a running turn is left. The options of the component that shows it are used until another does.
   */
  connect(options?: Partial<ChatOptions>, component?: object): (isKept?: boolean, left?: () => void) => void {
    if (!this.isShown) this._ofComponents.clear();
    if (options) this.configure(options, component);
    this._pages += 1;
    this._isClosed = false;
    this._isHidden = false;
    this._restore();
    // One for each component: a listener that several add is one, and the first to go would take it along.
    const returned = () => this._returned();
    for (const [target, name] of returns()) target.addEventListener(name, returned);
    if (this._isLeft) {
      this._isLeft = false;
      this._next();
    }
    return (isKept = false, left) => {
      this._pages -= 1;
      if (this.isShown && component && this._ofComponents.delete(component)) this._merge();
      for (const [target, name] of returns()) target.removeEventListener(name, returned);
      // StrictMode disconnects and connects again at once.
      queueMicrotask(() => {
        if (this.isShown) return;
        const { messageId } = this.speech;
        if (messageId !== null && find(this._state.messages, messageId)) this.speech.stop();
        if (this._run) this._run.isMuted = true;
        this._isHidden = true;
        if (isKept) return;
        this.leave();
        left?.();
      });
    };
  }

  /**
   * Leaves the running turn, as a closed page does: the service's settings say whether it goes on. The queue waits for the next message, or for a
   * component that shows the chat again; nobody waits for it any more.
   */
  leave(): void {
    this._isLeft = true;
    this._abort();
    for (const { resolve } of this._waiting.values()) resolve();
  }

  /** Leaves the running turn, and sends nothing more unless a component shows the chat again. */
  close(): void {
    this._isClosed = true;
    this.leave();
  }

  sendMessage = (message: string | OutgoingMessage): Promise<void> => {
    const { text, speech } = typeof message === 'string' ? { text: message, speech: undefined } : message;
    if (!text.trim()) return Promise.resolve();
    const { generateId = newId } = this._options;
    const user: Message = { id: generateId(), role: 'user', content: text, status: 'queued', createdAt: Date.now() };
    return this._submit(user, { keepsReply: false, speech, before: null });
  };

  regenerate = (messageId?: string): Promise<void> => this._again(messageId ? this._user(messageId) : lastUser(this._state.messages));

  retry = (messageId?: string): Promise<void> => {
    const { messages } = this._state;
    const isBroken = (message?: Message) => message?.status === 'failed' || message?.status === 'stopped';
    return this._again(messageId ? this._user(messageId) : lastUser(messages, (user) => isBroken(user) || isBroken(replyOf(messages, user))));
  };

  edit = (messageId: string, text: string): Promise<void> => {
    const user = this._user(messageId);
    if (!user || !text.trim()) return Promise.resolve();
    if (!this._waiting.has(user.id)) return this._again(user, text);
    this._act({ type: 'queue', message: { ...user, content: text } });
    this._saved();
    return Promise.resolve();
  };

  stop = async (): Promise<void> => {
    this.silence();
    const run = this._run;
    if (!run) return;
    const { service } = this._options;
    const turnId = this._state.turn?.turnId;
    if (!turnId || !service.stop) return this._abort();
    if (!run.isStopped) {
      run.isStopped = true;
      const abort = () => this._abort(run);
      const limit = setTimeout(abort, STOP_LIMIT);
      void run.ended.then(() => clearTimeout(limit));
      // The service ends the stream itself, so that the text here is the text in the store.
      void (async () => service.stop!(turnId))().catch(abort);
    }
    return run.ended;
  };

  setMessages = (next: readonly InitialMessage[] | ((messages: readonly Message[]) => readonly InitialMessage[])): void => {
    this._take();
    const messages = typeof next === 'function' ? next(this._state.messages) : next;
    const isThere = (id: string) => messages.some((message) => message.id === id);
    for (const [id, { resolve }] of this._waiting) {
      if (isThere(id)) continue;
      this._waiting.delete(id);
      resolve();
    }
    const { turn } = this._state;
    const isUnderWay = (id: string) => this._waiting.has(id) || id === turn?.messageId || id === turn?.replyId;
    this._act({ type: 'set', to: { messages: whole(messages, isUnderWay) } });
    if (turn && !isThere(turn.messageId)) this._abort();
    this._saved();
  };

  clearError = (): void => {
    this._act({ type: 'set', to: { error: null, ...(!this._run && { status: 'ready' }) } });
    this._publish();
    this._next();
  };

  unqueue = (messageId: string): void => {
    const waiting = this._waiting.get(messageId);
    if (!waiting) return;
    this._waiting.delete(messageId);
    this._act({ type: 'unqueue', id: messageId, before: waiting.before });
    this._saved();
    waiting.resolve();
  };

  speak = async (messageIdOrText: string): Promise<void> => {
    const message = find(this._state.messages, messageIdOrText);
    const text = message?.content ?? messageIdOrText;
    const { service } = this._options;
    if (!service.speak || !text.trim()) return;
    this.silence();
    try {
      await this.speech.say({ text, messageId: message?.id ?? null }, (signal) => service.speak!(text, { signal }));
    } catch (error) {
      call(this._options.onError, error as TurnwireError);
    }
  };

  /** Nothing of the replies so far is heard any more, nor the rest of the one that is under way. */
  silence = (): void => {
    if (this._run) this._run.isMuted = true;
    this.speech.stop();
  };

  private _user(id: string): Message | undefined {
    return userOf(this._state.messages, id);
  }

  /** Sends a message that is there again, under the same ids. */
  private async _again(user: Message | undefined, text?: string): Promise<void> {
    if (!user || this._waiting.has(user.id)) return;
    if (this._playsReplies()) this.speech.unlock();
    if (this._state.turn?.messageId === user.id) await this.stop();
    const { messages } = this._state;
    const now = find(messages, user.id) ?? user;
    const message: Message = { ...now, content: text ?? now.content, status: 'queued' };
    return this._submit(message, { keepsReply: text === undefined, speech: undefined, before: now });
  }

  /** Begins with a message, or lets it wait for the turn that runs. */
  private _submit(message: Message, how: Omit<Waiting, 'resolve'>): Promise<void> {
    this.silence();
    if (how.speech ?? this._playsReplies()) this.speech.unlock();
    return new Promise((resolve) => {
      this._waiting.set(message.id, { ...how, resolve });
      this._act({ type: 'queue', message });
      this._isLeft = this._isClosed;
      if (this._isClosed) resolve();
      if (this._run || this._isClosed) return this._saved();
      // One that is sent again goes before those that wait.
      this._begin(how.before ? message.id : this._firstWaiting());
    });
  }

  private _firstWaiting(): string | undefined {
    return this._waiting.keys().next().value;
  }

  /** Goes on with the queue. After an error it waits for the user. */
  private _next(): void {
    if (!this._run && !this._isLeft && this._state.status !== 'error') this._begin(this._firstWaiting());
  }

  private _begin(id: string | undefined): void {
    const how = id !== undefined && this._waiting.get(id);
    const message = id !== undefined && find(this._state.messages, id);
    if (!how || !message) return;
    this._waiting.delete(message.id);
    let resolve = how.resolve;
    const ended = new Promise<void>((end) => (resolve = () => (how.resolve(), end())));
    const run: Run = { controller: new AbortController(), speech: how.speech, isStopped: false, isMuted: this._isHidden, ended, resolve };
    this._run = run;
    const replyId = replyOf(this._state.messages, message)?.id ?? message.replyId ?? replyIdOf(message.id);
    this._act({ type: 'send', message: { ...message, createdAt: Date.now() }, replyId, keepsReply: how.keepsReply });
    this._saved();
    void this._drive(run, message.content, message.id, replyId);
  }

  /** Requests the turn and reads it. A run that is not the chat's any more changes nothing. */
  private async _drive(run: Run, message: string, messageId: string, replyId: string): Promise<void> {
    let ending: Ending;
    try {
      const { workspaceId } = this._state;
      const place = workspaceId === null ? { createWorkspace: true } : { workspaceId };
      const stream = await this._options.service.stream({ message, messageId, replyId, ...place }, { signal: run.controller.signal });
      if (run !== this._run) return;
      this._act({ type: 'accepted' });
      this._publish();
      ending = await this._read(run, stream);
    } catch (error) {
      ending = run.isStopped ? { as: 'stopped' } : { as: 'failed', error: error as TurnwireError };
    }
    this._finish(run, ending);
  }

  private async _read(run: Run, stream: AsyncIterable<TurnEvent>): Promise<Ending> {
    let asked = Date.now();
    for await (const event of stream) {
      if (run !== this._run) break;
      this._receive(run, event);
      call(this._options.onEvent, event);
      if (event.type === 'done') return { as: event.stopped ? 'stopped' : 'done' };
      // A token a millisecond would wake the page as often. What comes within a frame is read together.
      if (event.type === 'content' && Date.now() > asked && this._options.throttle !== 0 && !isHidden()) await frame();
      asked = Date.now();
    }
    throw truncated();
  }

  private _receive(run: Run, event: TurnEvent): void {
    switch (event.type) {
      case 'content':
        this._grow(event.content);
        if (this._state.status !== 'streaming') return this._publish();
        break;
      case 'turn':
        this._named(event.turnId, event.messageId, event.replyId);
        break;
      case 'done':
        if (event.messageId && event.replyId) this._named(null, event.messageId, event.replyId);
        return;
      case 'workspace': {
        const { workspaceId } = event;
        if (workspaceId === this._state.workspaceId) return;
        this._act({ type: 'set', to: { workspaceId } });
        // The page may name it at once, and must find this chat by it.
        this._saved();
        return call(this._options.onWorkspace, workspaceId);
      }
      case 'sentiment':
        this._act(event);
        break;
      case 'usage': {
        const { type, ...usage } = event;
        this._act({ type, usage });
        break;
      }
      case 'audio':
        if ((run.speech ?? this._playsReplies()) && !run.isMuted) {
          const { seq, mime, text, audioBase64: audio } = event;
          this.speech.add({ seq, mime, text, audio, messageId: this._state.turn?.replyId ?? null });
        }
        return;
      default:
        return;
    }
    this._schedule(this._options.throttle);
  }

  /** The service's names of the turn and its messages. */
  private _named(turnId: string | null, messageId: string, replyId: string): void {
    const before = this._state.turn?.messageId;
    this._act({ type: 'named', turnId, messageId, replyId });
    if (before !== messageId) this._saved(before);
  }

  /** Ends a turn from here: the running one unless given. */
  private _abort(run = this._run): void {
    if (!run || run !== this._run) return;
    run.controller.abort();
    this._finish(run, { as: 'stopped' });
  }

  private _finish(run: Run, ending: Ending): void {
    const { turn } = this._state;
    if (run !== this._run || !turn) return;
    this._take();
    this._run = null;
    this._act({ type: 'end', ending });
    this._saved();
    this.speech.finish(turn.replyId);
    const info = finishInfo(this._state, turn, ending);
    if (info) call(this._options.onFinish, info);
    if (ending.as === 'failed') call(this._options.onError, ending.error);
    run.resolve();
    this._next();
  }

  private _playsReplies(): boolean {
    const { speech = false } = this._options;
    return typeof speech === 'object' ? speech.replies !== false : speech;
  }

  /** Publishes messages that were sent, changed or taken back, and keeps those that are unsent, and none under an id that is gone. */
  private _saved(gone?: string): void {
    const { unsent } = this._options;
    const { messages, workspaceId, turn } = this._state;
    const isUnsent = (message: Message) => message.role === 'user' && (message.id === turn?.messageId || message.status !== 'done');
    unsent?.keep({ chat: this.id, workspaceId }, messages, isUnsent, gone);
    this._publish();
  }

  /** The unsent messages of the page before a reload. */
  private _restore(): void {
    const { unsent } = this._options;
    const { messages, workspaceId } = this._state;
    const lost = unsent?.read({ chat: this.id, workspaceId }).filter((message) => !find(messages, message.id)) ?? [];
    if (lost.length === 0) return;
    this._act({ type: 'set', to: { messages: [...messages, ...lost] } });
    this._publish();
  }

  private _returned(): void {
    const { error } = this._state;
    const isBack = navigator.onLine && document.visibilityState !== 'hidden';
    if (isBack && this._options.retryOnReturn && error && isDisconnect(error)) void this.retry();
  }
}
