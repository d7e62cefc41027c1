/**
 * The place of the reader in the messages. A message that is sent goes to the top, and its reply grows below: the text that is
 * read does not move.
 */

import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Message } from 'turnwire/react';

/** The end of the last message: its text, or what can be done about it. */
const LAST = '.message:last-child > :last-child';

export function useReading(scroller: RefObject<HTMLElement | null>, messages: readonly Message[]) {
  const [hasMore, setMore] = useState(false);
  const look = useCallback(() => {
    const end = scroller.current?.querySelector(LAST);
    if (!scroller.current || !end) return setMore(false);
    setMore(end.getBoundingClientRect().bottom > scroller.current.getBoundingClientRect().bottom + 4);
  }, [scroller]);

  const asked = messages.findLast(({ role, status }) => role === 'user' && status !== 'queued')?.id;
  useLayoutEffect(() => {
    if (asked) document.getElementById(`m-${asked}`)?.scrollIntoView({ block: 'start' });
  }, [asked]);
  useLayoutEffect(look, [look, messages]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    element.addEventListener('scroll', look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      sizes.disconnect();
    };
  }, [scroller, look]);

  const frame = useRef(0);
  const toEnd = useCallback(() => {
    cancelAnimationFrame(frame.current);
    // Twice: messages that were not drawn yet have only an estimated height.
    const go = () => scroller.current?.querySelector(LAST)?.scrollIntoView({ block: 'end' });
    go();
    frame.current = requestAnimationFrame(go);
  }, [scroller]);
  return { hasMore, toEnd };
}
