/** A page without a browser: jsdom's window as the global one, for React and its testing library. */

import { JSDOM } from 'jsdom';

const NAMES = ['document', 'HTMLElement', 'Element', 'Node', 'Event', 'MutationObserver', 'DocumentFragment', 'getComputedStyle', 'Audio', 'HTMLMediaElement'];

/** Makes the globals of a page, before React's DOM is loaded. */
export function openPage() {
  const dom = new JSDOM('<!doctype html><html lang="ko"><body></body></html>', { url: 'http://localhost/', pretendToBeVisual: true });
  globalThis.window = dom.window;
  for (const name of NAMES) globalThis[name] = dom.window[name];
  Object.defineProperty(globalThis, 'navigator', { value: dom.window.navigator, configurable: true });
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  return dom.window;
}
