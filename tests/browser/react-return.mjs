/** The tests of the network's return and of a reload, for each version of React. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { failure, ScriptedService, settled } from './scripted.mjs';

/** Registers them for the version of this page. */
export function testReturn({ window, require, start, doing, short }) {
  const { createElement: h } = require('react');
  const { render } = require('@testing-library/react');
  const { ChatProvider, unsentIn, useChat } = require('turnwire/react');
  const network = () => Object.assign(failure('connection'), { network: true });

  test('a message that the network lost is sent again when it returns, if that is asked for alone', async () => {
    for (const [options, turns] of [[{}, 1], [{ retryOnReturn: true }, 2]]) {
      const { now, service, unmount } = start(options);
      await doing(() => void now().sendMessage('a'));
      await doing(() => service.last.refuse(network()));
      assert.deepEqual([now().status, now().error.network, short(now().messages)], ['error', true, ['user failed: a']]);
      for (const [target, name] of [[window, 'online'], [window, 'pageshow'], [document, 'visibilitychange']]) await doing(() => target.dispatchEvent(new window.Event(name)));
      assert.equal(service.turns.length, turns);
      await doing(() => void now().retry());
      assert.deepEqual(service.turns.map(({ request }) => request.messageId), Array(2).fill(service.turns[0].request.messageId));
      unmount();
      await settled();
      window.dispatchEvent(new window.Event('online'));
      assert.equal(service.turns.length, 2);
    }
  });

  test('the network\'s return is noticed as long as one component shows the chat', async () => {
    const service = new ScriptedService();
    let chat;
    const Part = () => {
      chat = useChat({ id: 'one', throttle: 0, retryOnReturn: true });
      return null;
    };
    const page = (...keys) => h(ChatProvider, { service }, keys.map((key) => h(Part, { key })));
    const { rerender } = render(page('a', 'b'));
    await doing(() => void chat.sendMessage('a'));
    await doing(() => service.last.refuse(network()));
    await doing(() => rerender(page('a')));
    await doing(() => window.dispatchEvent(new window.Event('online')));
    assert.equal(service.turns.length, 2);
  });

  test('unsent messages are kept under the ids and the workspace that the service gave', async () => {
    const options = { unsent: unsentIn(() => window.sessionStorage) };
    const { now, service, unmount } = start(options);
    await doing(() => {
      void now().sendMessage('하나');
      void now().sendMessage('둘');
    });
    await doing(() => service.last.accept({ messageId: 'm-9', replyId: 'r-9' }).push({ type: 'workspace', workspaceId: 'ws-1' }));
    unmount();
    await settled();
    const reloaded = start({ ...options, workspaceId: 'ws-1' });
    assert.deepEqual(reloaded.now().messages.map(({ id, content }) => [id === 'm-9', content]), [[true, '하나'], [false, '둘']]);
    reloaded.unmount();
    await settled();
    assert.deepEqual(start({ ...options, workspaceId: null }).now().messages, []);
    window.sessionStorage.clear();
  });

  test('messages that were not sent survive a reload, those that the history has are dropped', async () => {
    const options = { unsent: unsentIn(() => window.sessionStorage), id: 'talk' };
    let { now, service, unmount } = start(options);
    await doing(() => void now().sendMessage('하나'));
    await doing(() => service.last.accept().say('1').done());
    await doing(() => {
      void now().sendMessage('둘');
      void now().sendMessage('셋');
    });
    const [one, , two, three] = now().messages;
    unmount();
    await settled();
    // The service had taken the second one.
    const initialMessages = [one, two].map(({ id, role, content }) => ({ id, role, content }));
    ({ now, service, unmount } = start({ ...options, initialMessages }));
    assert.deepEqual(short(now().messages), ['user done: 하나', 'user done: 둘', 'user failed: 셋']);
    await doing(() => void now().retry());
    assert.deepEqual([service.last.request.messageId, service.last.request.message], [three.id, '셋']);
    await doing(() => service.last.accept().say('3').done());
    assert.equal(window.sessionStorage.length, 0);
    const other = start({ ...options, id: 'other' });
    assert.deepEqual(other.now().messages, []);
  });
}
