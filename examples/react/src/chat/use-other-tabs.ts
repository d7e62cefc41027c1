/** Shows what is said in the same conversation in another tab of the browser. */

import { useCallback, useEffect, useRef } from 'react';
import type { FinishInfo, InitialMessage, UseChat } from 'turnwire/react';

interface Told {
  workspaceId: string;
  messages: InitialMessage[];
}

/** One for the page: a conversation that is not shown any more tells of its turns as well. */
const channel = new BroadcastChannel('turns');

/** Receives the turns of other tabs, and gives the function that tells them of one of this tab. */
export function useOtherTabs({ workspaceId, setMessages }: Pick<UseChat, 'workspaceId' | 'setMessages'>) {
  const workspace = useRef(workspaceId);
  workspace.current = workspaceId;
  useEffect(() => {
    const listen = ({ data: told }: MessageEvent<Told>) => {
      if (told.workspaceId !== workspace.current) return;
      setMessages((before) => {
        const ids = new Set(told.messages.map(({ id }) => id));
        return [...before.filter(({ id }) => !ids.has(id)), ...told.messages];
      });
    };
    channel.addEventListener('message', listen);
    return () => channel.removeEventListener('message', listen);
  }, [setMessages]);

  return useCallback(({ message, userMessage }: FinishInfo) => {
    if (!message || !workspace.current) return;
    const messages = [userMessage, message].map(({ error, ...plain }): InitialMessage => plain);
    channel.postMessage({ workspaceId: workspace.current, messages } satisfies Told);
  }, []);
}
