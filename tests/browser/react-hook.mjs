/** The hook's tests, for each version of React. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { openPage } from './dom.mjs';
import { requireWith } from './reacts.mjs';
import { failure, ScriptedService, settled } from './scripted.mjs';

/** Registers them for this version. */
export function testHook(version) {
  const window = openPage();
  const require = requireWith(version);
  const React = require('react');
  const { act, cleanup, render, renderHook } = require('@testing-library/react');
  const { Chat, ChatProvider, useChat } = require('turnwire/react');
  const h = React.createElement;
  afterEach(cleanup);

  /** Runs this and everything that follows from it. */
  const doing = (run) =>
    act(async () => {
      await run?.();
      await settled();
    });

  function start(options = {}, more = {}) {
    const service = new ScriptedService();
    const hook = renderHook((props) => useChat({ service, throttle: 0, ...props }), { initialProps: options, reactStrictMode: true, ...more });
    return { ...hook, service, now: () => hook.result.current };
  }

  const short = (messages) => messages.map(({ role, content, status }) => `${role} ${status}: ${content}`);

  test(`React ${version} is that version`, () => assert.equal(React.version.split('.')[0], String(version)));

  test('a conversation in StrictMode', async () => {
    const { now, service } = start();
    assert.deepEqual([now().messages, now().status, now().queue], [[], 'ready', []]);
    await doing(() => void now().sendMessage('안녕'));
    assert.equal(service.turns.length, 1);
    assert.deepEqual([now().status, now().connected], ['submitted', false]);
    await doing(() => service.last.accept());
    assert.deepEqual([now().status, now().connected], ['submitted', true]);
    await doing(() => service.last.feed.say('반', '가'));
    assert.deepEqual([now().status, short(now().messages)], ['streaming', ['user done: 안녕', 'assistant streaming: 반가']]);
    await doing(() => service.last.feed.done());
    assert.deepEqual([now().status, short(now().messages)], ['ready', ['user done: 안녕', 'assistant done: 반가']]);
  });
}
