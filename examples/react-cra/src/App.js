/** A chat page: the messages, the text box, and what can be done about a reply. */

import { useState } from 'react';
import { useChat } from 'turnwire/react';

export default function App({ service }) {
  const { messages, status, connected, speech, sendMessage, stop, retry, speak } = useChat({ service, speech: true });
  const [text, setText] = useState('');
  const isBusy = status === 'submitted' || status === 'streaming';
  const submit = (event) => {
    event.preventDefault();
    sendMessage(text);
    setText('');
  };
  return (
    <main>
      <h1>대화</h1>
      {/* A screen reader waits for the end of a reply. */}
      <div role="log" aria-label="주고받은 말" aria-busy={status === 'streaming'}>
        <ol>
          {messages.map(({ id, role, content, status }) => (
            <li key={id} className={role}>
              <p>{content}</p>
              {status === 'queued' && <small>지금 답이 끝나면 보냅니다.</small>}
              {status === 'stopped' && <small>여기서 멈췄습니다.</small>}
              {status === 'failed' && (
                <p role="alert">
                  {role === 'user' ? '보내지 못했습니다.' : '답이 중간에 끊겼습니다.'} <button onClick={() => retry(id)}>다시 보내기</button>
                </p>
              )}
              {role === 'assistant' && status !== 'streaming' && <button onClick={() => speak(id)}>듣기</button>}
            </li>
          ))}
        </ol>
      </div>
      <p role="status">{status === 'submitted' && (connected ? '생각하고 있습니다…' : '보내고 있습니다…')}</p>
      {speech.error && <p role="alert">소리를 낼 수 없습니다.</p>}
      <form onSubmit={submit}>
        <input aria-label="하고 싶은 말" value={text} onChange={(event) => setText(event.target.value)} />
        <button>보내기</button>
        {isBusy && (
          <button type="button" onClick={stop}>
            멈추기
          </button>
        )}
        {(speech.state === 'playing' || speech.state === 'loading') && (
          <button type="button" onClick={speech.stop}>
            그만 듣기
          </button>
        )}
        {speech.state === 'blocked' && (
          <button type="button" onClick={speech.unlock}>
            소리 켜기
          </button>
        )}
      </form>
    </main>
  );
}
