/** The state of a message in words: it waits, it was stopped, or it failed and can be sent again. */

import type { Message } from 'turnwire/react';

import { useWords } from '../settings';
import type { MessageActions } from './MessageItem';
import { remedy } from './remedy';

interface Props {
  message: Message;
  /** The queue waits for the user, as the turn before failed. */
  isHeldUp: boolean;
  actions: Pick<MessageActions, 'retry' | 'unqueue' | 'sendQueued' | 'edit'>;
}

export function Notes({ message, isHeldUp, actions }: Props) {
  const words = useWords();
  const { id, role, status, error } = message;
  const isMine = role === 'user';
  if (status === 'queued') {
    return (
      <div className="note">
        <p>{isHeldUp ? words.heldUp : words.queued}</p>
        {isHeldUp && (
          <button type="button" className="main" onClick={actions.sendQueued}>
            {words.sendNow}
          </button>
        )}
        <button type="button" onClick={() => actions.unqueue(id)}>
          {words.unqueue}
        </button>
      </div>
    );
  }
  if (status !== 'failed' && status !== 'stopped') return null;
  const isFailed = status === 'failed';
  return (
    <div className={isFailed ? 'note problem' : 'note'} role={isFailed ? 'alert' : undefined}>
      <p>
        {!isFailed ? words.stopped : isMine ? words.failedSend : words.failedReply} {isFailed && remedy(error, words)}
      </p>
      {(isFailed || isMine) && (
        <button type="button" className={isFailed ? 'main' : undefined} onClick={() => actions.retry(id)}>
          {isMine ? words.retry : words.again}
        </button>
      )}
      {isMine && (
        <button type="button" onClick={() => actions.edit(id)}>
          {words.edit}
        </button>
      )}
    </div>
  );
}
