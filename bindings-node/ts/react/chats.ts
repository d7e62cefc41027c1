/** Chats beside each other: those of a provider, or of one `useChat`. */

import { Chat } from './chat.js';
import { SpeechQueue } from './speech-queue.js';
import type { ChatOptions } from './types.js';

/** They share their speech, so that only one is heard. */
export class Chats {
  private readonly _speech: SpeechQueue;
  private readonly _chats = new Set<Chat>();
  private _pages = 0;

  constructor({ speech }: Partial<ChatOptions>) {
    this._speech = new SpeechQueue(speech);
  }

  /** The chat of this name, or without one, of this workspace; a new one if there is none. */
  open(options: ChatOptions): Chat {
    const { id, workspaceId = null } = options;
    if (id === undefined && workspaceId === null) return new Chat(options, this._speech);
    for (const chat of this._chats) {
      const isThere = workspaceId === null || chat.getSnapshot().workspaceId === workspaceId;
      if (isThere && (id === undefined || chat.id === id)) return chat;
    }
    const chat = new Chat(options, this._speech);
    this._chats.add(chat);
    return chat;
  }

  /** Returns this chat to who opens it by its name or workspace. */
  keep(chat: Chat): void {
    this._chats.add(chat);
  }

  /** Forgets a chat that nobody returns to. */
  forget(chat: Chat): void {
    this._chats.delete(chat);
  }

  /** Lives in the page until the returned function is called. Then nobody can return to the chats, and they are closed. */
  connect = (): (() => void) => {
    this._pages += 1;
    return () => {
      this._pages -= 1;
      // StrictMode disconnects and connects again at once.
      queueMicrotask(() => {
        if (this._pages === 0) for (const chat of this._chats) chat.close();
      });
    };
  };
}
