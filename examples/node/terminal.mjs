/** Manners of a program in a terminal. */

// C0 and C1 control characters except tabs and line breaks, and characters that change the direction of text.
const STEERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The text with its control characters escaped: a model or a service must not steer the terminal, nor turn the direction
 * of what is written in it.
 *
 * @param {string} text
 */
export function visible(text) {
  // A carriage return is part of a line break, which may be in the next piece, or lets a line overwrite another.
  return text.replace(/\r(?=\n|$)/g, '').replace(STEERS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
