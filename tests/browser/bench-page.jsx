/** The same page on turnwire and on the AI SDK: its list and its messages count their renders. */

import { DefaultChatTransport } from 'ai';
import { useChat as useAiChat } from '@ai-sdk/react';
import { memo, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatService } from 'turnwire/browser';
import { useChat } from 'turnwire/react';

const HISTORY = Array.from({ length: 40 }, (_, at) => ({ id: `old-${at}`, role: at % 2 ? 'assistant' : 'user', content: `${'오래된 글 '.repeat(20)}${at}` }));

/** Renders of the list, and of each message by its id. */
window.renders = { list: 0, of: {} };
window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift', buffered: true });

/** A message that did not change is the same object, so it is not rendered again. */
const Message = memo(function Message({ message, textOf }) {
  window.renders.of[message.id] = (window.renders.of[message.id] ?? 0) + 1;
  return <p className={message.role}>{textOf(message)}</p>;
});

function List({ messages, textOf, status }) {
  window.renders.list += 1;
  return (
    <main data-status={status}>
      {messages.map((message) => (
        <Message key={message.id} message={message} textOf={textOf} />
      ))}
    </main>
  );
}

const service = new ChatService();
const contentOf = ({ content }) => content;

function Turnwire() {
  const { messages, status, sendMessage } = useChat({ service, workspaceId: 'ws-1', initialMessages: HISTORY });
  window.send = sendMessage;
  return <List messages={messages} textOf={contentOf} status={status} />;
}

const transport = new DefaultChatTransport({ api: '/chat/ui' });
const partsOf = ({ parts }) => parts.map((part) => part.text ?? '').join('');

function AiSdk() {
  const messages = useRef(HISTORY.map(({ id, role, content }) => ({ id, role, parts: [{ type: 'text', text: content }] }))).current;
  const chat = useAiChat({ transport, messages, throttle: 50 });
  window.send = (text) => chat.sendMessage({ text });
  return <List messages={chat.messages} textOf={partsOf} status={chat.status} />;
}

const pages = { turnwire: Turnwire, 'ai-sdk': AiSdk };
const Page = pages[location.pathname.slice(1)];
createRoot(document.getElementById('root')).render(<Page />);
