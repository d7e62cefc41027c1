/** A chat without a framework: it sends, reads and queues turns, and publishes snapshots. */

import type { TurnEvent, TurnwireError } from '../browser/index.js';
import { newId } from './ids.js';
import { given } from './options.js';
import { SpeechQueue } from './speech-queue.js';
import { type Ending, find, initialState, replyOf, userOf, whole } from './state.js';
import { Store } from './store.js';
import type { ChatActions, ChatOptions, FinishInfo, InitialMessage, Message, OutgoingMessage } from './types.js';
import { keepUnsent, readUnsent } from './unsent.js';

/** The longest wait for the service to end a turn that it was told to stop, in milliseconds. */
const STOP_LIMIT = 2000;

/** Codes of errors of the connection. */
const DISCONNECTED = /^(connect|connection|truncated|(connect|headers|idle|content|total)_timeout)$/;

/** A message that waits for its turn. */
interface Waiting {
  replyId: string;
  /** The reply that is there may come back. */
  keepsReply: boolean;
  speech: boolean | undefined;
  /** The message as it was, if it was there. */
  before: Message | null;
  resolve: () => void;
}

/** A turn that runs. */
interface Run {
  controller: AbortController;
  speech: boolean | undefined;
  isStopped: boolean;
  /** Its speech is not heard any more. */
  isMuted: boolean;
  ended: Promise<void>;
  resolve: () => void;
}

/** A conversation: its messages, its status, and the turns that change them. */
export class Chat extends Store implements ChatActions {
  /** The speech of its replies. */
  readonly speech: SpeechQueue;
  private options: ChatOptions;
  private run: Run | null = null;
  /** In the order in which they are sent. */
  private waiting = new Map<string, Waiting>();
  /** The number of components that show the chat. */
  private pages = 0;
  private isLeft = false;

  /** Nothing is sent. Chats that share a `speech` silence each other. */
  constructor(options: ChatOptions, speech?: SpeechQueue) {
    super(initialState(options.initialMessages, options.workspaceId));
    this.options = { ...options };
    this.speech = speech ?? new SpeechQueue(options.speech);
  }

  /** Uses these options from now on; those that are absent or `undefined` stay. */
  configure(options: Partial<ChatOptions>): void {
    Object.assign(this.options, given(options));
  }

  /** The page's name of the conversation. */
  get id(): string | undefined {
    return this.options.id;
  }

  /**
   * Lives in the page until the returned function is called: unsent messages are restored, and the network's return is noticed. Then
   * it is silent, and unless it is to be kept, a running turn is left.
   */
  connect(): (isKept?: boolean, left?: () => void) => void {
    this.pages += 1;
    this.restore();
    for (const [target, name] of returns()) target.addEventListener(name, this.returned);
    if (this.isLeft) {
      this.isLeft = false;
      this.next();
    }
    return (isKept = false, left) => {
      this.pages -= 1;
      for (const [target, name] of returns()) target.removeEventListener(name, this.returned);
      // StrictMode disconnects and connects again at once.
      queueMicrotask(() => {
        if (this.pages > 0) return;
        const { messageId } = this.speech;
        if (messageId !== null && find(this.state.messages, messageId)) this.silence();
        if (this.run) this.run.isMuted = true;
        if (isKept) return;
        this.leave();
        left?.();
      });
    };
  }

  /** Leaves the running turn, as a closed page does: the service's settings say whether it goes on. The queue waits for the next message. */
  leave(): void {
    this.isLeft = true;
    this.abort();
  }

  sendMessage = (message: string | OutgoingMessage): Promise<void> => {
    const { text, speech } = typeof message === 'string' ? { text: message, speech: undefined } : message;
    if (!text.trim()) return Promise.resolve();
    const { generateId = newId } = this.options;
    const user: Message = { id: generateId(), role: 'user', content: text, status: 'queued', createdAt: Date.now() };
    return this.submit(user, { replyId: generateId(), keepsReply: false, speech, before: null });
  };

  regenerate = (messageId?: string): Promise<void> => this.again(messageId ? this.user(messageId) : this.lastUser(() => true));

  retry = (messageId?: string): Promise<void> => {
    const isBroken = (message?: Message) => message?.status === 'failed' || message?.status === 'stopped';
    return this.again(messageId ? this.user(messageId) : this.lastUser((user) => isBroken(user) || isBroken(replyOf(this.state.messages, user))));
  };

  edit = (messageId: string, text: string): Promise<void> => {
    const user = this.user(messageId);
    if (!user || !text.trim()) return Promise.resolve();
    if (!this.waiting.has(user.id)) return this.again(user, text);
    this.act({ type: 'queue', message: { ...user, content: text } });
    this.saveUnsent();
    this.publish();
    return Promise.resolve();
  };

  stop = async (): Promise<void> => {
    this.silence();
    const run = this.run;
    if (!run) return;
    const { service } = this.options;
    const turnId = this.state.turn?.turnId;
    if (!turnId || !service.stop) return this.abort();
    if (!run.isStopped) {
      run.isStopped = true;
      const abort = () => this.abort(run);
      const limit = setTimeout(abort, STOP_LIMIT);
      void run.ended.then(() => clearTimeout(limit));
      // The service ends the stream itself, so that the text here is the text in the store.
      void Promise.resolve(service.stop(turnId)).catch(abort);
    }
    return run.ended;
  };

  setMessages = (next: readonly InitialMessage[] | ((messages: readonly Message[]) => readonly InitialMessage[])): void => {
    this.take();
    const messages = typeof next === 'function' ? next(this.state.messages) : next;
    const running = this.state.turn?.messageId;
    if (running !== undefined && !messages.some(({ id }) => id === running)) this.abort();
    for (const [id, { resolve }] of this.waiting) {
      if (messages.some((message) => message.id === id)) continue;
      this.waiting.delete(id);
      resolve();
    }
    const { turn } = this.state;
    this.act({ type: 'set', messages: whole(messages, (id) => this.waiting.has(id) || id === turn?.messageId || id === turn?.replyId) });
    this.saveUnsent();
    this.publish();
  };

  clearError = (): void => {
    this.act({ type: 'clear' });
    this.publish();
    this.next();
  };

  unqueue = (messageId: string): void => {
    const waiting = this.waiting.get(messageId);
    if (!waiting) return;
    this.waiting.delete(messageId);
    this.act({ type: 'unqueue', id: messageId, before: waiting.before });
    this.saveUnsent();
    this.publish();
    waiting.resolve();
  };

  speak = async (messageIdOrText: string): Promise<void> => {
    const message = find(this.state.messages, messageIdOrText);
    const text = message?.content ?? messageIdOrText;
    const { service } = this.options;
    if (!service.speak || !text.trim()) return;
    const speak = service.speak.bind(service);
    try {
      await this.speech.say({ text, messageId: message?.id ?? null }, (signal) => speak(text, { signal }));
    } catch (error) {
      this.call(this.options.onError, error as TurnwireError);
    }
  };

  private user(id: string): Message | undefined {
    return userOf(this.state.messages, id);
  }

  private lastUser(holds: (message: Message) => boolean): Message | undefined {
    return this.state.messages
      .slice()
      .reverse()
      .find((message) => message.role === 'user' && message.status !== 'queued' && holds(message));
  }

  /** Sends a message that is there again, under the same ids. */
  private async again(user: Message | undefined, text?: string): Promise<void> {
    if (!user || this.waiting.has(user.id)) return;
    if (this.playsReplies()) this.speech.unlock();
    if (this.state.turn?.messageId === user.id) await this.stop();
    const { messages } = this.state;
    const now = find(messages, user.id) ?? user;
    const replyId = replyOf(messages, now)?.id ?? now.replyId ?? (this.options.generateId ?? newId)();
    const message: Message = { ...now, content: text ?? now.content, status: 'queued', replyId };
    return this.submit(message, { replyId, keepsReply: text === undefined, speech: undefined, before: now });
  }

  /** Begins with a message, or lets it wait for the turn that runs. */
  private submit(message: Message, how: Omit<Waiting, 'resolve'>): Promise<void> {
    this.silence();
    if (how.speech ?? this.playsReplies()) this.speech.unlock();
    return new Promise((resolve) => {
      this.waiting.set(message.id, { ...how, resolve });
      this.act({ type: 'queue', message });
      this.isLeft = false;
      if (this.run) {
        this.saveUnsent();
        return this.publish();
      }
      // One that is sent again goes before those that wait.
      this.begin(how.before ? message.id : this.firstWaiting());
    });
  }

  private firstWaiting(): string | undefined {
    return this.waiting.keys().next().value;
  }

  /** Goes on with the queue. After an error it waits for the user. */
  private next(): void {
    if (!this.run && !this.isLeft && this.state.status !== 'error') this.begin(this.firstWaiting());
  }

  private begin(id: string | undefined): void {
    const how = id !== undefined && this.waiting.get(id);
    const message = id !== undefined && find(this.state.messages, id);
    if (!how || !message) return;
    this.waiting.delete(message.id);
    let resolve = how.resolve;
    const ended = new Promise<void>((end) => (resolve = () => (how.resolve(), end())));
    const run: Run = { controller: new AbortController(), speech: how.speech, isStopped: false, isMuted: false, ended, resolve };
    this.run = run;
    this.act({ type: 'send', message: { ...message, createdAt: Date.now() }, replyId: how.replyId, keepsReply: how.keepsReply });
    this.saveUnsent();
    this.publish();
    void this.drive(run, message.content, message.id, how.replyId);
  }

  /** Requests the turn and reads it. A run that is not the chat's any more changes nothing. */
  private async drive(run: Run, message: string, messageId: string, replyId: string): Promise<void> {
    let ending: Ending;
    try {
      const { workspaceId } = this.state;
      const place = workspaceId === null ? { createWorkspace: true } : { workspaceId };
      const stream = await this.options.service.stream({ message, messageId, replyId, ...place }, { signal: run.controller.signal });
      if (run !== this.run) return;
      this.act({ type: 'accepted' });
      this.publish();
      ending = await this.read(run, stream);
    } catch (error) {
      ending = run.isStopped ? { as: 'stopped' } : { as: 'failed', error: error as TurnwireError };
    }
    this.finish(run, ending);
  }

  private async read(run: Run, stream: AsyncIterable<TurnEvent>): Promise<Ending> {
    for await (const event of stream) {
      if (run !== this.run) break;
      this.receive(run, event);
      this.call(this.options.onEvent, event);
      if (event.type === 'done') return { as: event.stopped ? 'stopped' : 'done' };
    }
    const error = new Error('chat.stream: the stream ended before the reply was complete; send the message again');
    throw Object.assign(error, { code: 'truncated', retryable: true });
  }

  private receive(run: Run, event: TurnEvent): void {
    switch (event.type) {
      case 'content':
        this.grow(event.content);
        if (this.state.status !== 'streaming') return this.publish();
        break;
      case 'turn':
        this.act({ ...event, type: 'named' });
        break;
      case 'done':
        if (event.messageId && event.replyId) this.act({ type: 'named', turnId: null, messageId: event.messageId, replyId: event.replyId });
        return;
      case 'workspace': {
        const isNew = event.workspaceId !== this.state.workspaceId;
        this.act(event);
        if (isNew) this.call(this.options.onWorkspace, event.workspaceId);
        break;
      }
      case 'sentiment':
        this.act(event);
        break;
      case 'usage':
        this.act({ type: 'usage', usage: event });
        break;
      case 'audio':
        if ((run.speech ?? this.playsReplies()) && !run.isMuted) {
          const { seq, mime, text, audioBase64: audio } = event;
          this.speech.add({ seq, mime, text, audio, messageId: this.state.turn?.replyId ?? null });
        }
        return;
      default:
        return;
    }
    this.schedule(this.options.throttle);
  }

  /** Ends a turn from here: the running one unless given. */
  private abort(run = this.run): void {
    if (!run || run !== this.run) return;
    run.controller.abort();
    this.finish(run, { as: 'stopped' });
  }

  private finish(run: Run, ending: Ending): void {
    const { turn } = this.state;
    if (run !== this.run || !turn) return;
    this.take();
    this.run = null;
    this.act({ type: 'end', ending });
    this.saveUnsent();
    this.publish();
    this.speech.finish(turn.replyId);
    const { messages, error } = this.state;
    const userMessage = find(messages, turn.messageId);
    if (userMessage) {
      const reply = find(messages, turn.replyId);
      const info: FinishInfo = {
        message: reply && reply !== turn.replaced ? reply : null,
        userMessage,
        messages,
        finishReason: ending.as === 'done' ? 'stop' : ending.as === 'stopped' ? 'stopped' : 'error',
        usage: turn.usage,
        isAbort: ending.as === 'stopped',
        isError: ending.as === 'failed',
        isDisconnect: ending.as === 'failed' && isDisconnect(ending.error),
        error,
      };
      this.call(this.options.onFinish, info);
    }
    if (ending.as === 'failed') this.call(this.options.onError, ending.error);
    run.resolve();
    this.next();
  }

  private playsReplies(): boolean {
    const { speech = false } = this.options;
    return typeof speech === 'object' ? speech.replies !== false : speech;
  }

  /** Nothing of the replies so far is heard any more. */
  private silence(): void {
    if (this.run) this.run.isMuted = true;
    this.speech.stop();
  }

  /** A function of the program's. Its exceptions are reported as uncaught, and break no turn. */
  private call<T>(callback: ((value: T) => void) | undefined, value: T): void {
    try {
      callback?.(value);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }

  private saveUnsent(): void {
    const { unsent, id } = this.options;
    const { messages, workspaceId, turn } = this.state;
    if (!unsent) return;
    const isUnsent = ({ role, status, id }: Message) => role === 'user' && (id === turn?.messageId || status === 'queued' || status === 'failed');
    keepUnsent(unsent, { chat: id, workspaceId }, messages, isUnsent);
  }

  /** The unsent messages of the page before a reload. */
  private restore(): void {
    const { unsent, id } = this.options;
    const { messages, workspaceId } = this.state;
    const lost = unsent ? readUnsent(unsent, { chat: id, workspaceId }).filter((message) => !find(messages, message.id)) : [];
    if (lost.length === 0) return;
    this.act({ type: 'set', messages: [...messages, ...whole(lost)] });
    this.publish();
  }

  private returned = (): void => {
    const { error } = this.state;
    const isBack = navigator.onLine && document.visibilityState !== 'hidden';
    if (isBack && this.options.retryOnReturn && error && isDisconnect(error)) void this.retry();
  };
}

/** True for an error of the connection. */
function isDisconnect(error: TurnwireError): boolean {
  return DISCONNECTED.test(error.code ?? '');
}

/** The events that tell that the network, or the page, is back. */
function returns(): [EventTarget, string][] {
  if (typeof window === 'undefined') return [];
  return [
    [window, 'online'],
    [window, 'pageshow'],
    [document, 'visibilitychange'],
  ];
}
