/** Sound by the Web Audio API: each part begins at the sample at which the one before it ends. */

import type { Output } from './speech-types.js';

/** A context that needs no gesture starts within this time, in milliseconds. */
const START_LIMIT = 250;

export const webAudio: Output = (blocked) => {
  const context = new AudioContext();
  const sources = new Set<AudioBufferSourceNode>();
  /** The time at which the parts so far end. */
  let nextAt = 0;
  /** Parts are decoded in their order. Those of an earlier round were stopped. */
  let decoded = Promise.resolve();
  let round = 0;

  context.addEventListener('statechange', () => {
    if (context.state === 'running') blocked(false);
    // Safari's `interrupted`, by a call or the lock screen, ends with a gesture.
    else if (sources.size > 0) blocked(true);
  });
  const resume = () => {
    // Without a gesture it may stay pending for ever.
    if (context.state !== 'running') void context.resume().catch(() => {});
  };

  return {
    ahead: 2,
    play(audio, _mime, ended) {
      const mine = round;
      resume();
      if (context.state !== 'running') setTimeout(() => mine === round && context.state !== 'running' && blocked(true), START_LIMIT);
      const decoding = context.decodeAudioData(audio.buffer);
      decoded = decoded.then(async () => {
        try {
          const buffer = await decoding;
          if (mine !== round) return;
          const source = context.createBufferSource();
          source.buffer = buffer;
          source.connect(context.destination);
          source.onended = () => {
            if (sources.delete(source)) ended();
          };
          sources.add(source);
          const at = Math.max(context.currentTime, nextAt);
          nextAt = at + buffer.duration;
          source.start(at);
        } catch (error) {
          if (mine === round) ended(new Error(`the audio cannot be decoded: ${(error as Error).message}`));
        }
      });
      decoding.catch(() => {});
    },
    unlock: resume,
    stop() {
      round += 1;
      nextAt = 0;
      for (const source of sources) source.stop();
      sources.clear();
    },
  };
};
