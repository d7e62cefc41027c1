/** assistant-ui on turnwire: `<TurnwireRuntime service={service}><Thread /></TurnwireRuntime>`. */

import { type AppendMessage, AssistantRuntimeProvider, type ThreadMessageLike, useExternalStoreRuntime } from '@assistant-ui/react';
import { type ReactNode, useMemo } from 'react';
import { type Message, useChat, type UseChatOptions } from 'turnwire/react';

const textOf = ({ content }: AppendMessage) => content.map((part) => (part.type === 'text' ? part.text : '')).join('');

/** assistant-ui shows errors, and offers to try again, at replies alone: a message that has none gets an empty one. */
function withReply(message: Message): Message[] {
  const { id, role, status } = message;
  if (role !== 'user' || (status !== 'failed' && status !== 'stopped')) return [message];
  return [message, { ...message, id: `${id}-${status}`, role: 'assistant', content: '' }];
}

function convertMessage({ id, role, content, status, error, createdAt }: Message): ThreadMessageLike {
  const message = { id, role, content: [{ type: 'text' as const, text: content }], createdAt: new Date(createdAt) };
  if (role === 'user') return { ...message, metadata: { custom: { status } } };
  if (status === 'streaming') return { ...message, status: { type: 'running' } };
  if (status === 'stopped') return { ...message, status: { type: 'incomplete', reason: 'cancelled' } };
  if (status === 'failed') return { ...message, status: { type: 'incomplete', reason: 'error', error: error?.message } };
  return { ...message, status: { type: 'complete', reason: 'stop' } };
}

export function TurnwireRuntime({ children, ...options }: UseChatOptions & { children: ReactNode }) {
  const { messages, status, sendMessage, edit, regenerate, stop } = useChat(options);
  const runtime = useExternalStoreRuntime<Message>({
    messages: useMemo(() => messages.flatMap(withReply), [messages]),
    convertMessage,
    isRunning: status === 'submitted' || status === 'streaming',
    onNew: (message) => sendMessage(textOf(message)),
    onEdit: (message) => edit(message.sourceId!, textOf(message)),
    onReload: (parentId) => regenerate(parentId ?? undefined),
    onCancel: stop,
  });
  return <AssistantRuntimeProvider runtime={runtime}>{children}</AssistantRuntimeProvider>;
}
