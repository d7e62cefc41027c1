/** A provider of chats to the components below it. */

import { createContext, createElement, type ReactElement, type ReactNode, useEffect, useState } from 'react';

import { Chats } from './chats.js';
import type { ChatOptions } from './types.js';

/** The settings of all chats below a provider; `useChat` may have others. */
export interface ChatProviderProps extends Omit<ChatOptions, 'id' | 'workspaceId' | 'initialMessages'> {
  children?: ReactNode;
}

export const Provided = createContext<{ chats: Chats; defaults: ChatOptions } | null>(null);

/**
 * Shares conversations among the components below it: those whose `useChat({ id })` or `useChat({ workspaceId })` names the same one, as long as one
 * of them shows it, and with `keepOnSwitch` also beyond that, as long as the provider is there. Only one conversation is heard at a time.
 */
export function ChatProvider({ children, ...defaults }: ChatProviderProps): ReactElement {
  const [chats] = useState(() => new Chats(defaults));
  useEffect(chats.connect, [chats]);
  return createElement(Provided.Provider, { value: { chats, defaults } }, children);
}
