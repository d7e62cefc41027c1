/** The times of a reply as the page saw them. */

export interface Times {
  /** In milliseconds since the message was sent, as all that follow. `null` if it did not come to this. */
  accepted: number | null;
  firstToken: number | null;
  voices: { at: number; text: string }[];
  end: number;
  tokens: number | null;
  model: string | null;
}

/** A stretch of time of a reply. */
export interface Stretch {
  name: 'waiting' | 'thinking' | 'text';
  from: number;
  to: number;
}

/** The stretches of a reply, one after another. */
export function stretches({ accepted, firstToken, end }: Times): Stretch[] {
  const known = accepted ?? firstToken ?? end;
  const first = firstToken ?? end;
  const all: Stretch[] = [
    { name: 'waiting', from: 0, to: known },
    { name: 'thinking', from: known, to: first },
    { name: 'text', from: first, to: end },
  ];
  return all.filter(({ from, to }) => to > from);
}

/** Milliseconds as seconds. */
export const inSeconds = (ms: number) => (ms / 1000).toFixed(ms < 9_950 ? 2 : 1);
