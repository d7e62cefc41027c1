/** Measures the times of the replies in this page. */

import { useCallback, useEffect, useRef, useState } from 'react';
import type { ChatStatus, FinishInfo } from 'turnwire/react';

import type { Times } from './times';

type Running = Omit<Times, 'end' | 'tokens'> & { began: number };

/** The times of the replies so far, by id, and what receives the facts of the one that runs. */
export function useTimes() {
  const [byReply, setByReply] = useState<ReadonlyMap<string, Times>>(new Map());
  const running = useRef<Running>(begun());

  const event = useCallback((event: { type: string; text?: string; model?: string }) => {
    const { current } = running;
    const at = performance.now() - current.began;
    current.accepted ??= at;
    if (event.type === 'content') current.firstToken ??= at;
    if (event.type === 'audio') current.voices.push({ at, text: event.text ?? '' });
    if (event.type === 'done') current.model = event.model ?? null;
  }, []);
  const end = useCallback(({ message, usage }: FinishInfo) => {
    const { began, ...times } = running.current;
    if (!message) return;
    const whole = { ...times, end: performance.now() - began, tokens: usage?.totalTokens ?? null };
    setByReply((before) => new Map(before).set(message.id, whole));
  }, []);
  return { byReply, event, end, running };
}

/** Begins with each message that is sent, and sees the service accept it. */
export function useTurnStart({ running }: ReturnType<typeof useTimes>, status: ChatStatus, connected: boolean) {
  useEffect(() => {
    if (status !== 'submitted') return;
    if (connected) running.current.accepted ??= performance.now() - running.current.began;
    else running.current = begun();
  }, [running, status, connected]);
}

const begun = (): Running => ({ began: performance.now(), accepted: null, firstToken: null, voices: [], model: null });
