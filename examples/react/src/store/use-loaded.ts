/** A value that is loaded, with its failure and a second try. */

import { useCallback, useEffect, useState } from 'react';

export interface Loaded<Value> {
  value: Value | null;
  failed: boolean;
  reload: () => void;
}

/** Loads a value when `key` changes, and on `reload`. The last value stays while a newer one is on its way. */
export function useLoaded<Value>(key: string, load: (key: string, signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value: Value | null; failed: boolean }>({ key, value: null, failed: false });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const left = new AbortController();
    load(key, left.signal).then(
      (value) => left.signal.aborted || setState({ key, value, failed: false }),
      () => left.signal.aborted || setState((before) => ({ key, value: before.key === key ? before.value : null, failed: true })),
    );
    return () => left.abort();
  }, [key, load, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  return { value: state.key === key ? state.value : null, failed: state.key === key && state.failed, reload };
}
