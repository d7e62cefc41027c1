/** The messages. A long conversation begins with its latest ones; the earlier ones come on request. */

import { memo, useLayoutEffect, useRef, useState } from 'react';
import type { Message, Speaking } from 'turnwire/react';

import { useWords } from '../settings';
import { MessageItem, type MessageActions } from './MessageItem';
import type { Times } from './times';
import { useReading } from './use-reading';

/** The number of messages that are shown at first, and more on each request. */
const PAGE = 60;

interface Props {
  messages: readonly Message[];
  speaking: Speaking | null;
  isBusy: boolean;
  times: ReadonlyMap<string, Times>;
  actions: MessageActions;
}

export const MessageList = memo(function MessageList({ messages, speaking, isBusy, times, actions }: Props) {
  const words = useWords();
  const scroller = useRef<HTMLElement>(null);
  const [shown, setShown] = useState(PAGE);
  const { hasMore, toEnd } = useReading(scroller, messages);
  const earlier = useEarlier(scroller, shown);

  const first = Math.max(0, messages.length - shown);
  const lastReply = messages.findLast(({ role }) => role === 'assistant')?.id;
  const lastOfUser = messages.findLast(({ role, status }) => role === 'user' && status !== 'queued')?.id;
  return (
    <main className="log" ref={scroller} tabIndex={0} aria-label={words.messages}>
      {messages.length === 0 && (
        <div className="hello">
          <p>{words.hello}</p>
          <p>{words.helloMore}</p>
        </div>
      )}
      {first > 0 && (
        <button
          type="button"
          className="earlier"
          onClick={() => {
            earlier.keep();
            setShown(shown + PAGE);
          }}
        >
          {words.earlier}
        </button>
      )}
      <ol className="messages">
        {messages.slice(first).map((message) => (
          <MessageItem
            key={message.id}
            message={message}
            isLast={message.id === lastReply || message.id === lastOfUser}
            isBusy={isBusy && (message.id === lastReply || message.id === lastOfUser)}
            heard={speaking?.messageId === message.id ? speaking : null}
            times={times.get(message.id)}
            actions={actions}
          />
        ))}
      </ol>
      {hasMore && (
        <button type="button" className="to-end" onClick={toEnd}>
          ↓ {words.latest}
        </button>
      )}
    </main>
  );
});

/** Keeps the place of the reader, and the focus, when earlier messages appear above. */
function useEarlier(scroller: React.RefObject<HTMLElement | null>, shown: number) {
  const kept = useRef<{ fromEnd: number; first: Element | null } | null>(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !kept.current) return;
    const { fromEnd, first } = kept.current;
    kept.current = null;
    element.scrollTop = element.scrollHeight - fromEnd;
    const before = first?.previousElementSibling;
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }, [scroller, shown]);
  return {
    keep: () => {
      const element = scroller.current;
      if (element) kept.current = { fromEnd: element.scrollHeight - element.scrollTop, first: element.querySelector('.message') };
    },
  };
}
