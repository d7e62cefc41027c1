/** Speakers of tests, and the text in the audio of the fakes. */

import assert from 'node:assert/strict';

const HEAD = Buffer.from([0xff, 0xf3, 0x84, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** The text in the audio of the fakes. */
export function says(audio) {
  const mp3 = Buffer.from(audio);
  const texts = [];
  for (let at = 0; at < mp3.length; at += 192) {
    const frame = mp3.subarray(at, at + 192);
    assert.deepEqual(frame.subarray(0, HEAD.length), HEAD);
    const data = frame.subarray(HEAD.length);
    const end = data.indexOf(0, 5);
    if (data.subarray(0, 5).toString() === 'says:') texts.push(data.subarray(5, end < 0 ? undefined : end));
  }
  return Buffer.concat(texts).toString();
}

/** A speaker whose audio is the text. */
export const echo = ({ text }) => ({ audio: Buffer.from(text), mediaType: 'audio/pcm' });

/** All items of an iterable. */
export async function list(pieces) {
  const found = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}
