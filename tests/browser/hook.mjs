/** A page in jsdom with a version of React, for the tests of the hook. */

import { afterEach } from 'node:test';

import { openPage } from './dom.mjs';
import { requireWith } from './reacts.mjs';
import { ScriptedService, settled } from './scripted.mjs';

/** Opens it. */
export function openHook(version) {
  const window = openPage();
  const require = requireWith(version);
  const { act, cleanup, renderHook } = require('@testing-library/react');
  const { useChat } = require('turnwire/react');
  afterEach(cleanup);

  /** Runs this and everything that follows from it. */
  const doing = (run) =>
    act(async () => {
      await run?.();
      await settled();
    });

  /** Renders the hook with a scripted service. */
  function start(options = {}, more = {}) {
    const service = new ScriptedService();
    const hook = renderHook((props) => useChat({ service, throttle: 0, ...props }), { initialProps: options, reactStrictMode: true, ...more });
    return { ...hook, service, now: () => hook.result.current };
  }

  const short = (messages) => messages.map(({ role, content, status }) => `${role} ${status}: ${content}`);
  return { version, window, require, start, doing, short };
}
