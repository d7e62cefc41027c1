/** The page that each consumer builds and runs: it says one thing, and shows the reply, the error, or its speech. */

import { useState } from 'react';
import { ChatService, TurnwireError } from 'turnwire/browser';
import { useChat } from 'turnwire/react';

export function Page({ service }) {
  const [own] = useState(() => service ?? new ChatService());
  const { messages, status, error, sendMessage } = useChat({ service: own });
  return (
    <main>
      <p id="status">{status}</p>
      <ol>
        {messages.map(({ id, role, content }) => (
          <li key={id}>
            {role}: {content}
          </li>
        ))}
      </ol>
      {error instanceof TurnwireError && <p role="alert">{error.code}</p>}
      <button onClick={() => sendMessage('안녕')}>Say hello</button>
    </main>
  );
}
