/** The messages. A long conversation begins with its latest ones; the earlier ones come on request. */

import { memo, useRef, useState } from 'react';
import type { Message, Speaking } from 'turnwire/react';

import { useWords } from '../settings';
import { MessageItem, type MessageActions } from './MessageItem';
import type { Times } from './times';
import { useEarlier, useReading } from './use-reading';

/** The number of messages in a list. Lists that are not seen are not drawn, which costs less than to look at each message. */
const PAGE = 50;

interface Props {
  messages: readonly Message[];
  speaking: Speaking | null;
  isBusy: boolean;
  /** The last turn failed, and the queue waits. */
  isHeldUp: boolean;
  times: ReadonlyMap<string, Times>;
  actions: MessageActions;
}

export const MessageList = memo(function MessageList({ messages, speaking, isBusy, isHeldUp, times, actions }: Props) {
  const words = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const lists = Math.max(1, Math.ceil(messages.length / PAGE));
  /** The first list that is shown: at the beginning, the last but one. */
  const [first, setFirst] = useState(Math.max(0, lists - 2));
  const { hasMore, toEnd } = useReading(scroller, messages);
  const earlier = useEarlier(scroller, first);

  const lastReply = messages.findLast(({ role }) => role === 'assistant')?.id;
  const lastOfUser = messages.findLast(({ role, status }) => role === 'user' && status !== 'queued')?.id;
  return (
    <div className="frame">
      <div className="log" ref={scroller} role="region" tabIndex={0} aria-label={words.messages}>
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
              setFirst(first - 1);
            }}
          >
            {words.earlier}
          </button>
        )}
        {Array.from({ length: Math.max(0, lists - first) }, (_, at) => first + at).map((list) => (
          <ol key={list} className={list < lists - 2 ? 'messages far' : 'messages'}>
            {messages.slice(list * PAGE, (list + 1) * PAGE).map((message) => (
              <MessageItem
                key={message.id}
                message={message}
                isLast={message.id === lastReply || message.id === lastOfUser}
                isBusy={isBusy && (message.id === lastReply || message.id === lastOfUser)}
                isHeldUp={isHeldUp && message.status === 'queued'}
                heard={speaking?.messageId === message.id ? speaking : null}
                times={times.get(message.id)}
                actions={actions}
              />
            ))}
          </ol>
        ))}
      </div>
      {hasMore && (
        <button type="button" className="to-end" aria-label={words.latest} title={words.latest} onClick={toEnd}>
          ↓
        </button>
      )}
    </div>
  );
});
