/** A chat with the stock `useChat` of the AI SDK. */

'use client';

import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport } from 'ai';
import { useState } from 'react';

const transport = new DefaultChatTransport({ api: '/chat/ui' });

export default function Page() {
  const { messages, status, error, sendMessage, stop } = useChat({ transport, experimental_throttle: 50 });
  const [input, setInput] = useState('');
  return (
    <main>
      {messages.map(({ id, role, parts }) => (
        <p key={id}>
          <b>{role}</b> {parts.map((part) => (part.type === 'text' ? part.text : ''))}
        </p>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sendMessage({ text: input });
          setInput('');
        }}
      >
        <input value={input} onChange={(event) => setInput(event.target.value)} />
        {status === 'ready' || status === 'error' ? <button>Send</button> : <button type="button" onClick={stop}>Stop</button>}
      </form>
    </main>
  );
}
