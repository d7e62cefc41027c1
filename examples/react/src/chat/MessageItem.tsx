/** A message with what can be done about it. */

import { memo, useRef, useState } from 'react';
import type { Message, Speaking } from 'turnwire/react';

import { useWords } from '../settings';
import { useMark } from '../speech/use-mark';
import { Markdown } from '../text/Markdown';
import { Notes } from './Notes';
import type { Times } from './times';
import { TimesDialog } from './TimesDialog';

export interface MessageActions {
  retry: (id: string) => void;
  regenerate: (id: string) => void;
  unqueue: (id: string) => void;
  /** Goes on with the queue after a turn that failed. */
  sendQueued: () => void;
  read: (message: Message) => void;
  quiet: () => void;
  edit: (id: string) => void;
}

interface Props {
  message: Message;
  /** The last reply, or the last message that was sent: they can be replaced. */
  isLast: boolean;
  isBusy: boolean;
  /** A message of the queue, which waits for the user as the turn before failed. */
  isHeldUp: boolean;
  /** The sentence of this message that is heard. */
  heard: Speaking | null;
  times: Times | undefined;
  actions: MessageActions;
}

export const MessageItem = memo(function MessageItem({ message, isLast, isBusy, isHeldUp, heard, times, actions }: Props) {
  const words = useWords();
  const body = useRef<HTMLDivElement>(null);
  useMark(body, heard, message.content);
  const { id, role, content, status } = message;
  const isReply = role === 'assistant';
  return (
    <li className={`message ${isReply ? 'reply' : 'mine'}`} id={`m-${id}`} tabIndex={-1} data-status={status}>
      <h2 className={isReply ? 'who' : 'hidden'}>{isReply ? words.reply : words.you}</h2>
      <div className="body" ref={body}>
        {isReply ? <Markdown text={content} isGrowing={status === 'streaming'} /> : <p className="plain">{content}</p>}
      </div>
      <Notes message={message} isHeldUp={isHeldUp} actions={actions} />
      {isReply && status !== 'streaming' && content !== '' && <ReplyActions message={message} isLast={isLast && !isBusy} isHeard={heard !== null} times={times} actions={actions} />}
    </li>
  );
});

type ReplyProps = Pick<Props, 'message' | 'isLast' | 'times' | 'actions'> & { isHeard: boolean };

function ReplyActions({ message, isLast, isHeard, times, actions }: ReplyProps) {
  const words = useWords();
  const { id, content, replyTo } = message;
  const [copying, setCopying] = useState<'copy' | 'copied' | 'copyFailed'>('copy');
  const copy = async () => {
    try {
      // Absent from a page without TLS, and refused where the reader says so.
      await navigator.clipboard.writeText(content);
      setCopying('copied');
    } catch {
      setCopying('copyFailed');
    }
  };
  const [isTimed, setTimed] = useState(false);
  return (
    <div className="actions">
      <button type="button" onClick={() => (isHeard ? actions.quiet() : actions.read(message))}>
        {isHeard ? words.quiet : words.listen}
      </button>
      <button type="button" onClick={copy}>
        {words[copying]}
      </button>
      {isLast && (
        <button type="button" onClick={() => actions.regenerate(id)}>
          {words.again}
        </button>
      )}
      {isLast && replyTo && (
        <button type="button" onClick={() => actions.edit(replyTo)}>
          {words.edit}
        </button>
      )}
      {times && (
        <button type="button" onClick={() => setTimed(true)} aria-haspopup="dialog">
          {words.timeline}
        </button>
      )}
      {isTimed && times && <TimesDialog times={times} onClose={() => setTimed(false)} />}
    </div>
  );
}
