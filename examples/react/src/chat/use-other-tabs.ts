/** Shows what is said in the same conversation in another tab of the browser. */

import { useCallback, useEffect, useRef } from 'react';
import type { FinishInfo, InitialMessage, UseChat } from 'turnwire/react';

interface Told {
  workspaceId: string;
  messages: InitialMessage[];
}

/** Receives the turns of other tabs, and gives the function that tells them of one of this tab. */
export function useOtherTabs({ workspaceId, setMessages }: Pick<UseChat, 'workspaceId' | 'setMessages'>) {
  const channel = useRef<BroadcastChannel | null>(null);
  const workspace = useRef(workspaceId);
  workspace.current = workspaceId;
  useEffect(() => {
    channel.current = new BroadcastChannel('turns');
    channel.current.onmessage = ({ data: told }: MessageEvent<Told>) => {
      if (told.workspaceId !== workspace.current) return;
      setMessages((before) => {
        const ids = new Set(told.messages.map(({ id }) => id));
        return [...before.filter(({ id }) => !ids.has(id)), ...told.messages];
      });
    };
    return () => channel.current?.close();
  }, [setMessages]);

  return useCallback(({ message, userMessage }: FinishInfo) => {
    if (!message || !workspace.current) return;
    const messages = [userMessage, message].map(({ id, role, content, createdAt, status }): InitialMessage => ({ id, role, content, createdAt, status }));
    channel.current?.postMessage({ workspaceId: workspace.current, messages } satisfies Told);
  }, []);
}
