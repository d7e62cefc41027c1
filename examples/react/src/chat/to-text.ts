/** The focus after a press that removes its button, which would drop it to the top of the page. */

/** Puts the focus into the text box. */
export function toText(): void {
  document.getElementById('composer-text')?.focus();
}

/** The function with the focus in the text box after it; not after a touch, where the box would raise the keyboard of the screen. */
export function thenToText<Args extends unknown[]>(run: (...args: Args) => unknown): (...args: Args) => void {
  return (...args) => {
    const isByKey = document.activeElement?.matches(':focus-visible');
    void run(...args);
    if (isByKey || matchMedia('(pointer: fine)').matches) toText();
  };
}
