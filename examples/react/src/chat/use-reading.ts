/**
 * The place of the reader in the messages. A message that is sent goes to the top, and its reply grows below: the text that is
 * read does not move.
 */

import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Message } from 'turnwire/react';

/** The end of the last message: its text, or what can be done about it. */
const LAST = '.messages:last-of-type > .message:last-child > :last-child';

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

  const toEnd = useCallback(() => {
    settled(() => scroller.current?.querySelector(LAST)?.scrollIntoView({ block: 'end' }));
  }, [scroller]);
  return { hasMore, toEnd };
}

/** Keeps the place of the reader, and the focus, when earlier messages appear above. */
export function useEarlier(scroller: RefObject<HTMLElement | null>, first: number) {
  const kept = useRef<{ message: Element; top: number } | null>(null);
  useLayoutEffect(() => {
    if (!kept.current) return;
    const { message, top } = kept.current;
    kept.current = null;
    settled(() => {
      if (scroller.current) scroller.current.scrollTop += message.getBoundingClientRect().top - top;
    });
    const before = message.parentElement?.previousElementSibling?.lastElementChild;
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }, [scroller, first]);
  return {
    keep: () => {
      const message = scroller.current?.querySelector('.message');
      kept.current = message ? { message, top: message.getBoundingClientRect().top } : null;
    },
  };
}

/** Scrolls now and in the next two frames: messages that were not drawn before have only an estimated height at first. */
function settled(scroll: () => void) {
  scroll();
  requestAnimationFrame(() => {
    scroll();
    requestAnimationFrame(scroll);
  });
}
