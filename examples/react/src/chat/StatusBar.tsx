/** A line above the place to write, always there, so that nothing moves: what happens now, and what can be done about it. */

import type { ReactNode } from 'react';
import type { ChatStatus } from 'turnwire/react';

import { useWords } from '../settings';
import type { useReadAloud } from '../speech/use-read-aloud';
import { useOnline } from '../use-online';
import { thenToText } from './to-text';

interface Props {
  status: ChatStatus;
  connected: boolean;
  speech: ReturnType<typeof useReadAloud>;
  onStop: () => void;
}

export function StatusBar({ status, connected, speech, onStop }: Props) {
  const words = useWords();
  const isOnline = useOnline();
  const isBusy = status === 'submitted' || status === 'streaming';
  const isHeard = speech.state === 'playing' || speech.state === 'loading';

  let text: ReactNode = null;
  if (speech.state === 'blocked') text = <span role="alert">{words.blocked}</span>;
  else if (!isOnline) text = <strong role="alert">{words.offline}</strong>;
  else if (speech.speaking) text = <span className="heard">{speech.speaking.text}</span>;
  else if (status === 'submitted') text = <Waiting text={connected ? words.thinking : words.sending} />;
  else if (status === 'streaming') text = <Waiting text={words.writingNow} />;
  else if (speech.state === 'loading') text = <Waiting text={words.loadingSpeech} />;
  else if (speech.error) text = <span role="alert">{words.speechFailed}</span>;
  return (
    <div className="status">
      <div className="status-text">{text}</div>
      {speech.state === 'blocked' && (
        <button type="button" className="main" onClick={thenToText(speech.unlock)}>
          {words.unblock}
        </button>
      )}
      {isBusy && (
        <button type="button" className="stop" onClick={thenToText(onStop)}>
          {words.stop}
        </button>
      )}
      {isHeard && (
        <button type="button" onClick={thenToText(speech.stop)}>
          {words.quiet}
        </button>
      )}
    </div>
  );
}

function Waiting({ text }: { text: string }) {
  return (
    <span>
      <span className="dots" aria-hidden="true">
        <i>●</i>
        <i>●</i>
        <i>●</i>
      </span>
      {text}
    </span>
  );
}
