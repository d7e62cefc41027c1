/** The speech of a chat: replies that are read while they are written, and messages that are read on demand. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { SpeechQueue, type Message, type UseChat } from 'turnwire/react';

import { service } from '../service';
import { finishedSentences } from '../text/sentences';
import { Reader, type ReaderState } from './reader';

/**
 * Reads messages by calls for their sentences. `isGrowingRead` reads replies while they are written; not for a service that
 * speaks them itself, whose sound the chat plays. The newer of both silences the other.
 */
export function useReadAloud({ messages, status, speaking, speech }: Pick<UseChat, 'messages' | 'status' | 'speaking' | 'speech'>, isGrowingRead: boolean) {
  const [{ isLoading, problem }, report] = useState<ReaderState>({ isLoading: false, problem: null });
  const [reader] = useState(() => new Reader(new SpeechQueue(), (text, options) => service.speak(text, options), report));
  const { queue } = reader;
  const own = useSyncExternalStore(queue.subscribe, queue.getSnapshot);

  const reply = messages.findLast(({ role }) => role === 'assistant');
  /** The reply that is read while it is written; `null` before a message is sent, and once the reply is whole or silenced. */
  const growing = useRef<{ before: Message | undefined } | null>(null);
  useEffect(() => {
    if (status === 'submitted') {
      reader.stop();
      growing.current = { before: reply };
    }
  }, [status, reply, reader]);
  useEffect(() => {
    // Not a reply of the history.
    if (!isGrowingRead || !growing.current || !reply || reply === growing.current.before) return;
    const isWhole = reply.status !== 'streaming';
    if (isWhole) growing.current = null;
    if (reply.status === 'stopped') reader.stop();
    else reader.read(reply.id, finishedSentences(reply.content, isWhole), isWhole);
  }, [isGrowingRead, reply, reader]);
  useEffect(() => () => reader.stop(), [reader]);

  const stopChat = speech.stop;
  const stop = useCallback(() => {
    growing.current = null;
    reader.stop();
    stopChat();
  }, [reader, stopChat]);
  /** Call it in a gesture of the user, as `unlock`. */
  const read = useCallback(
    ({ id, content }: Message) => {
      stop();
      queue.unlock();
      reader.read(id, finishedSentences(content, true), true);
    },
    [queue, reader, stop],
  );
  const unlockChat = speech.unlock;
  const isOwn = isLoading || problem !== null || own.state !== 'idle';
  const unlock = useCallback(() => {
    queue.unlock();
    unlockChat();
  }, [queue, unlockChat]);
  const state = isLoading ? ('loading' as const) : isOwn ? own.state : speech.state;
  return { state, speaking: isOwn ? own.speaking : speaking, error: problem ?? own.error ?? speech.error, read, stop, unlock };
}
