/** A provider of chats to the components below it. */

import { createContext, createElement, type ReactElement, type ReactNode, useState } from 'react';

import { Chats } from './chats.js';
import type { ChatOptions } from './types.js';

/** The settings of all chats below a provider; `useChat` may have others. */
export interface ChatProviderProps extends Omit<ChatOptions, 'id' | 'workspaceId' | 'initialMessages'> {
  children?: ReactNode;
}

export const Provided = createContext<{ chats: Chats; defaults: ChatOptions } | null>(null);

/**
 * Keeps conversations for `useChat({ id })` or `useChat({ workspaceId })` below it: components that name the same one share it, and only one
 * conversation is heard at a time.
 */
export function ChatProvider({ children, ...defaults }: ChatProviderProps): ReactElement {
  const [chats] = useState(() => new Chats(defaults));
  return createElement(Provided.Provider, { value: { chats, defaults } }, children);
}
