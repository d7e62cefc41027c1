/** One `<audio>` element for all parts: browsers allow sound for each element, so a new one would need a gesture again. */

import type { Output } from './speech-types.js';

export const audioElement: Output = (blocked) => {
  const element = new Audio();
  let url: string | null = null;
  let isUnlocked = false;
  /** Ends the part that is there. */
  let end: ((error?: Error) => void) | null = null;

  const load = (audio: Uint8Array<ArrayBuffer>, type: string) => {
    release();
    url = URL.createObjectURL(new Blob([audio], { type }));
    element.src = url;
  };
  const release = () => {
    if (url !== null) URL.revokeObjectURL(url);
    url = null;
  };
  const start = () => {
    const part = end;
    // An old browser returns nothing, and one without sound may throw.
    const started = (async () => element.play())();
    started.then(
      () => {
        isUnlocked = true;
        if (part && part === end) blocked(false);
      },
      (error: Error) => {
        // `AbortError`: another part took its place.
        if (!part || part !== end || error.name === 'AbortError') return;
        if (error.name === 'NotAllowedError') blocked(true);
        else ended(error);
      },
    );
  };
  const ended = (error?: Error) => {
    const part = end;
    end = null;
    release();
    part?.(error);
  };

  element.addEventListener('ended', () => ended());
  element.addEventListener('error', () => {
    if (end) ended(new Error(`the audio cannot be played: ${element.error?.message || 'its format is not supported'}`));
  });

  return {
    ahead: 1,
    play(audio, mime, whenEnded) {
      load(audio, mime);
      end = whenEnded;
      start();
    },
    unlock() {
      if (!end && !isUnlocked) load(silence(), 'audio/mpeg');
      if ((end && element.paused) || !isUnlocked) start();
    },
    stop() {
      end = null;
      element.pause();
      release();
      element.removeAttribute('src');
    },
  };
};

/** Four frames of silence, as MP3: headers of 32 kbit/s at 44.1 kHz in mono, and nothing behind them. */
function silence(): Uint8Array<ArrayBuffer> {
  const frame = 104;
  const bytes = new Uint8Array(4 * frame);
  for (let at = 0; at < bytes.length; at += frame) bytes.set([0xff, 0xfb, 0x10, 0xc0], at);
  return bytes;
}
