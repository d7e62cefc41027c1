/** The conversation that is shown, which the page's address names: `#/…` with its workspace, or nothing for a new one. */

import { useCallback, useEffect, useState } from 'react';

export interface Place {
  /** The page's name of the conversation: it stays when the first message creates the workspace. */
  key: string;
  workspaceId: string | null;
  /** A conversation that begins here has no history to load. */
  isNew: boolean;
}

function inAddress(): string | null {
  try {
    return decodeURIComponent(/^#\/(.+)$/.exec(location.hash)?.[1] ?? '') || null;
  } catch {
    // Not an address of ours.
    return null;
  }
}
const addressOf = (workspaceId: string) => `#/${encodeURIComponent(workspaceId)}`;
let beginnings = Date.now();
const beginning = (key = `new ${(beginnings += 1)}`): Place => ({ key, workspaceId: null, isNew: true });

/** Conversations that began in this page, by workspace: a reply in one may still be under way. */
const begun = new Map<string, string>();

function placeOf(workspaceId: string | null): Place {
  if (workspaceId === null) return beginning();
  return { key: begun.get(workspaceId) ?? workspaceId, workspaceId, isNew: false };
}

export function usePlace() {
  const [place, setPlace] = useState(() => {
    const workspaceId = inAddress();
    return workspaceId === null && typeof history.state === 'string' ? beginning(history.state) : placeOf(workspaceId);
  });
  useEffect(() => {
    // A page that is loaded again knows the new conversation by it, and what was not sent in it.
    if (place.workspaceId === null) history.replaceState(place.key, '');
  }, [place]);
  useEffect(() => {
    const follow = () => setPlace((before) => (before.workspaceId === inAddress() ? before : placeOf(inAddress())));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const begin = useCallback(() => {
    history.pushState(null, '', location.pathname + location.search);
    setPlace(beginning());
  }, []);
  /** The conversation with this key has got its workspace. */
  const created = useCallback((key: string, workspaceId: string) => {
    begun.set(workspaceId, key);
    setPlace((before) => {
      if (before.key !== key) return before;
      history.replaceState(null, '', addressOf(workspaceId));
      return { ...before, workspaceId };
    });
  }, []);
  return { place, begin, created, addressOf };
}
