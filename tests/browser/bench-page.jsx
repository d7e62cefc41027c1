/**
 * The same page on turnwire, on the AI SDK, and on nothing, whose text grows by itself: the work of React and of the browser that no library saves. Its
 * list and its messages count their renders.
 */

import { DefaultChatTransport } from 'ai';
import { useChat as useAiChat } from '@ai-sdk/react';
import { memo, useRef, useState } from 'react';
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

const word = (at) => (at % 12 ? '말 ' : '낱말입니다. ');

/** The text of a reply of a thousand tokens in a second, in steps of 50 ms. */
function Nothing() {
  const [messages, setMessages] = useState(HISTORY);
  const [status, setStatus] = useState('ready');
  window.send = async (text) => {
    const [id, begun] = [`id-${performance.now()}`, performance.now()];
    const before = [...messages, { id, role: 'user', content: text }];
    setMessages(before);
    setStatus('submitted');
    await new Promise((resolve) => setTimeout(resolve, 30));
    let content = `${performance.timeOrigin + performance.now()} `;
    for (let at = 1; ; ) {
      setMessages([...before, { id: `${id}-reply`, role: 'assistant', content }]);
      setStatus('streaming');
      if (at === 1000) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const due = Math.min(1000, performance.now() - begun); at < due; at += 1) content += word(at);
    }
    setStatus('ready');
  };
  return <List messages={messages} textOf={contentOf} status={status} />;
}

const pages = { turnwire: Turnwire, 'ai-sdk': AiSdk, nothing: Nothing };
const Page = pages[location.pathname.slice(1)];
createRoot(document.getElementById('root')).render(<Page />);
