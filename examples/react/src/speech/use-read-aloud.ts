/** Reads a message aloud on demand, sentence by sentence: the first is heard while the next ones are still being made. */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { SpeechQueue, type Message, type UseChat } from 'turnwire/react';

import { service } from '../service';
import { finishedSentences } from '../text/sentences';

/** The number of sentences that are requested at a time. */
const AHEAD = 2;

/** The speech of a chat: that of its replies while they are written, and that of messages on demand. The newer one silences the other. */
export function useReadAloud({ status, speaking, speech }: Pick<UseChat, 'status' | 'speaking' | 'speech'>) {
  const [queue] = useState(() => new SpeechQueue());
  const own = useSyncExternalStore(queue.subscribe, queue.getSnapshot);
  const [problem, setProblem] = useState<Error | null>(null);
  const [isLoading, setLoading] = useState(false);
  const reading = useRef<AbortController | null>(null);

  const stopOwn = useCallback(() => {
    reading.current?.abort();
    setLoading(false);
    setProblem(null);
    queue.stop();
  }, [queue]);
  const stopChat = speech.stop;
  const stop = useCallback(() => {
    stopOwn();
    stopChat();
  }, [stopOwn, stopChat]);
  useEffect(() => {
    if (status === 'submitted') stopOwn();
  }, [status, stopOwn]);
  useEffect(() => stopOwn, [stopOwn]);

  /** Call it in a gesture of the user. */
  const read = useCallback(
    async ({ id, content }: Message) => {
      stop();
      queue.unlock();
      setLoading(true);
      const { signal } = (reading.current = new AbortController());
      const sentences = finishedSentences(content, true);
      const request = (sentence: string) => service.speak(sentence, { signal });
      const requests = sentences.slice(0, AHEAD).map(request);
      for (const [seq, text] of sentences.entries()) {
        try {
          const audio = await requests[seq]!;
          if (signal.aborted) return;
          setLoading(false);
          queue.add({ seq, text, audio, messageId: id });
        } catch (error) {
          // Also those that were requested ahead.
          for (const other of requests) other.catch(() => {});
          if (signal.aborted) return;
          reading.current.abort();
          setLoading(false);
          setProblem(error as Error);
          break;
        }
        const next = sentences[seq + AHEAD];
        if (next !== undefined) requests.push(request(next));
      }
      queue.finish(id);
    },
    [queue, stop],
  );

  const isOwn = isLoading || problem !== null || own.state !== 'idle';
  const state = isLoading ? ('loading' as const) : isOwn ? own.state : speech.state;
  const unlock = useCallback(() => (isOwn ? queue.unlock() : speech.unlock()), [isOwn, queue, speech]);
  return { state, speaking: isOwn ? own.speaking : speaking, error: problem ?? own.error ?? speech.error, read, stop, unlock };
}
