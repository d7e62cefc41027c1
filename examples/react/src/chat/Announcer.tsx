/** The words for readers who hear the page: the reply sentence by sentence, as each is finished, and not letter by letter. */

import { memo, useEffect, useMemo, useState } from 'react';
import type { ChatStatus, Message } from 'turnwire/react';

import { useWords } from '../settings';
import { finishedSentences } from '../text/sentences';

/** Sentences that stay in the region until a screen reader has noticed them. */
const KEPT = 12;

export const Announcer = memo(function Announcer({ messages, status }: { messages: readonly Message[]; status: ChatStatus }) {
  const words = useWords();
  const last = messages.findLast(({ role }) => role === 'assistant');
  // The history is not news, nor is a reply that is there when a message is sent. A short reply may come whole, and is never seen growing.
  const [old, setOld] = useState(() => new Set(messages.filter((message) => message.status !== 'streaming')));
  useEffect(() => {
    if (status === 'submitted') setOld(new Set(messages));
  }, [status, messages]);
  const isNews = last !== undefined && !old.has(last);
  const isWhole = last?.status !== 'streaming';
  const sentences = useMemo(() => (isNews ? finishedSentences(last.content, isWhole) : []), [isNews, isWhole, last]);
  const from = Math.max(0, sentences.length - KEPT);
  return (
    <>
      <p className="hidden" role="status">
        {status === 'submitted' ? words.thinking : status === 'streaming' ? words.writing : isNews && last.status === 'done' ? words.finished : ''}
      </p>
      <div className="hidden" role="log" aria-label={words.reply}>
        {sentences.slice(from).map((sentence, at) => (
          <p key={`${last?.id} ${from + at}`}>{sentence}</p>
        ))}
      </div>
    </>
  );
});
