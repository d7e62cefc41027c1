/** The hook: a chat for a component. */

import { useContext, useEffect, useInsertionEffect, useMemo, useRef, useState } from 'react';

import type { Chat } from './chat.js';
import { Chats } from './chats.js';
import type { Message } from './message.js';
import { given } from './options.js';
import { Provided } from './provider.js';
import type { Speaking, SpeechSnapshot, SpeechState } from './speech-types.js';
import type { ChatActions, ChatOptions, ChatSnapshot, UseChatOptions } from './types.js';

/** The speech of a chat. */
export interface UseSpeech {
  /** `blocked`: show a button that calls `unlock`. */
  state: SpeechState;
  /** The last error: what could not be played was left out. */
  error: Error | null;
  /** Lets the page play sound. Call it in a gesture, before any `await`; `sendMessage` and `speak` call it themselves. */
  unlock(): void;
  /** Silence. */
  stop(): void;
}

/** A chat as a component sees it. */
export interface UseChat extends ChatSnapshot, ChatActions {
  /** The messages that wait; they are among `messages` too. */
  queue: readonly Message[];
  /** The sentence that is heard. */
  speaking: Speaking | null;
  speech: UseSpeech;
}

/**
 * A chat with a chat service. Updates go through `useState`, not `useSyncExternalStore`, whose updates are synchronous and turn transitions
 * that show the chat into blocking ones.
 */
export function useChat(options: UseChatOptions = {}): UseChat {
  const provided = useContext(Provided);
  const [own] = useState(() => new Chats(options));
  const chats = provided?.chats ?? own;
  const { keepOnSwitch = false, ...chosen } = options;
  const all = merged(provided?.defaults, chosen);

  const { id, workspaceId = null } = options;
  const [held, setHeld] = useState(() => ({ id, workspaceId, chat: chats.open(all) }));
  let { chat } = held;
  if (held.id !== id || held.workspaceId !== workspaceId) {
    // The page may name the workspace that the conversation has created.
    const isSame = id === held.id && (workspaceId === null ? id !== undefined : chat.getSnapshot().workspaceId === workspaceId);
    if (!isSame) chat = chats.open(all);
    setHeld({ id, workspaceId, chat });
  }

  // Options are read from here, so that callbacks and tokens are those of the last render.
  const last = useRef({ all, isKept: keepOnSwitch });
  useInsertionEffect(() => {
    last.current = { all, isKept: keepOnSwitch };
    chat.configure(all, last);
  });

  const [shown, setShown] = useState(() => look(chat));
  useEffect(() => {
    const show = () => setShown((before) => look(chat, before));
    const ends = [chat.subscribe(show), chat.speech.subscribe(show)];
    chats.keep(chat);
    const disconnect = chat.connect(last.current.all, last);
    show();
    return () => {
      for (const end of ends) end();
      disconnect(last.current.isKept, () => chats.forget(chat));
    };
  }, [chat, chats]);

  useEffect(own.connect, [own]);

  const { snapshot, speech } = shown.chat === chat ? shown : look(chat);
  const { messages } = snapshot;
  const queue = useMemo(() => messages.filter(({ status }) => status === 'queued'), [messages]);
  const { sendMessage, regenerate, retry, edit, stop, setMessages, clearError, unqueue, speak, silence } = chat;
  const { unlock } = chat.speech;
  return {
    ...snapshot,
    queue,
    speaking: speech.speaking,
    speech: useMemo(() => ({ state: speech.state, error: speech.error, unlock, stop: silence }), [speech.state, speech.error, unlock, silence]),
    ...{ sendMessage, regenerate, retry, edit, stop, setMessages, clearError, unqueue, speak },
  };
}

/** A chat with its state; the same object as before if nothing has changed. */
function look(chat: Chat, before?: { chat: Chat; snapshot: ChatSnapshot; speech: SpeechSnapshot }) {
  const [snapshot, speech] = [chat.getSnapshot(), chat.speech.getSnapshot()];
  return before?.chat === chat && before.snapshot === snapshot && before.speech === speech ? before : { chat, snapshot, speech };
}

/** The options of a component over those of the provider. */
function merged(defaults: ChatOptions | undefined, chosen: Partial<ChatOptions>): ChatOptions {
  const all = { ...defaults, ...given(chosen) };
  if (!all.service) throw new Error('useChat has no service: give it one, or a <ChatProvider service={…}> above it');
  return all as ChatOptions;
}
