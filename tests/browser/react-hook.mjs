/** The hook's tests, for each version of React. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ScriptedService, settled } from './scripted.mjs';

/** Registers them for the version of this page. */
export function testHook({ version, window, require, start, doing, short }) {
  const React = require('react');
  const { act, render } = require('@testing-library/react');
  const { ChatProvider, useChat } = require('turnwire/react');
  const h = React.createElement;

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

  test('a text that grows renders the list seldom, and finished messages once', async (t) => {
    const service = new ScriptedService();
    const renders = { list: 0 };
    const Item = React.memo(({ message }) => {
      renders[message.id] = (renders[message.id] ?? 0) + 1;
      return h('p', null, message.content);
    });
    let chat;
    const initialMessages = [1, 2, 3].map((at) => ({ id: `old-${at}`, role: 'user', content: `${at}` }));
    const List = () => {
      chat = useChat({ service, initialMessages });
      renders.list += 1;
      return chat.messages.map((message) => h(Item, { key: message.id, message }));
    };
    const { container } = render(h(List));
    await doing(() => void chat.sendMessage('물음'));
    await doing(() => service.last.accept());
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
    const before = renders.list;
    for (let token = 0; token < 1000; token += 1) {
      await act(async () => {
        service.last.feed.say('가');
        await settled();
        t.mock.timers.tick(1);
      });
      if (token === 0) assert.equal(container.lastChild.textContent, '가');
    }
    await doing(() => service.last.feed.done());
    for (let passed = 0; passed < 17; passed += 1) await doing(() => t.mock.timers.tick(1));
    assert.equal(container.lastChild.textContent, '가'.repeat(1000));
    assert.ok(renders.list - before <= 25, `${renders.list - before} renders`);
    assert.deepEqual(initialMessages.map(({ id }) => renders[id]), [1, 1, 1]);
  });

  test('the text of a hidden page is read without waiting for its timers, which browsers slow down', async (t) => {
    const { now, service } = start({ throttle: undefined });
    await doing(() => void now().sendMessage('a'));
    await doing(() => service.last.accept());
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
    const visibility = Object.getOwnPropertyDescriptor(window.Document.prototype, 'visibilityState');
    Object.defineProperty(window.Document.prototype, 'visibilityState', { get: () => 'hidden', configurable: true });
    try {
      for (let at = 0; at < 10; at += 1) {
        t.mock.timers.tick(1);
        await doing(() => service.last.feed.say('x'));
      }
      await doing(() => service.last.feed.done());
      assert.deepEqual([now().status, now().messages[1].content], ['ready', 'xxxxxxxxxx']);
    } finally {
      Object.defineProperty(window.Document.prototype, 'visibilityState', visibility);
    }
  });

  test('the callbacks and the service are those of the last render', async () => {
    const { now, service, rerender } = start();
    const calls = [];
    await doing(() => void now().sendMessage('a'));
    rerender({ onFinish: () => calls.push('first'), onEvent: ({ type }) => calls.push(type) });
    rerender({ onFinish: () => calls.push('second'), onEvent: ({ type }) => calls.push(`${type}!`) });
    await doing(() => service.last.accept().done());
    assert.deepEqual(calls, ['turn!', 'done!', 'second']);
    const other = new ScriptedService();
    rerender({ service: other });
    await doing(() => void now().sendMessage('b'));
    assert.deepEqual([service.turns.length, other.turns.length], [1, 1]);
  });

  test('a callback that is given no longer is not called, and one of another component stays', async () => {
    const { now, service, rerender } = start();
    const calls = [];
    rerender({ onFinish: () => calls.push('finish'), onEvent: () => calls.push('event') });
    rerender({ onEvent: undefined });
    await doing(() => void now().sendMessage('a'));
    await doing(() => service.last.accept().done());
    assert.deepEqual(calls, []);

    const other = new ScriptedService();
    let chat;
    const Part = ({ options }) => {
      chat = useChat({ id: 'one', throttle: 0, ...options });
      return null;
    };
    const page = (options) => h(ChatProvider, { service: other }, h(Part, { key: 'a', options: { onFinish: () => calls.push('first') } }), h(Part, { key: 'b', options }));
    const { rerender: again } = render(page({ onError: () => {} }));
    again(page({}));
    await doing(() => void chat.sendMessage('a'));
    await doing(() => other.last.accept().done());
    assert.deepEqual(calls, ['first']);
  });

  test('an option of two components is that of the one that rendered last, as long as it has it and is there', async () => {
    const service = new ScriptedService();
    const calls = [];
    let chat;
    const Part = ({ onFinish }) => {
      chat = useChat({ id: 'one', throttle: 0, keepOnSwitch: true, onFinish });
      return null;
    };
    const [first, second] = ['first', 'second'].map((name) => () => calls.push(name));
    const part = (key, onFinish) => h(Part, { key, onFinish });
    const a = part('a', first);
    let show;
    const Parts = () => {
      const [parts, setParts] = React.useState([a, part('b', second)]);
      show = setParts;
      return parts;
    };
    render(h(React.StrictMode, null, h(ChatProvider, { service }, h(Parts))));
    // The element `a` is the same, so that the change itself renders only what else there is.
    const finishes = async (...parts) => {
      await doing(() => void chat.sendMessage('a'));
      await doing(() => service.last.accept());
      await doing(() => show(parts));
      await doing(() => service.last.feed.done());
      return calls.splice(0);
    };
    assert.deepEqual(await finishes(a, part('b', second)), ['second']);
    assert.deepEqual(await finishes(a, part('b')), ['first']);
    assert.deepEqual(await finishes(a, part('b', second)), ['second']);
    assert.deepEqual(await finishes(a), ['first']);
    assert.deepEqual(await finishes(), ['first']);
    assert.deepEqual(await finishes(part('c')), []);
  });

  test('the calls of a chat are the same functions in every render', async () => {
    const { now, rerender, service } = start();
    const before = now();
    await doing(() => void now().sendMessage('a'));
    rerender({ throttle: 1 });
    const names = ['sendMessage', 'regenerate', 'retry', 'edit', 'stop', 'setMessages', 'clearError', 'unqueue', 'speak', 'speech'];
    for (const name of names) assert.ok(now()[name] === before[name], name);
    assert.equal(service.turns.length, 1);
  });

  test('a component that goes leaves its turn, and nothing is updated after it', async () => {
    const finished = [];
    const { now, service, unmount } = start({ onFinish: (info) => finished.push(info), keepOnSwitch: true });
    await doing(() => void now().sendMessage('a'));
    await doing(() => service.last.accept().say('반'));
    unmount();
    await settled();
    assert.deepEqual([service.last.signal.aborted, service.stops, finished.length, finished[0].isAbort], [true, [], 1, true]);
  });

  test('who waits for messages of a chat that is left waits no longer', async () => {
    const { now, service, rerender } = start({ id: 'one' });
    const ends = [];
    await doing(() => {
      for (const text of ['하나', '둘']) void now().sendMessage(text).then(() => ends.push(text));
    });
    await doing(() => service.last.accept().say('1'));
    await doing(() => rerender({ id: 'two' }));
    assert.deepEqual([ends.sort(), service.turns.length], [['둘', '하나'], 1]);
  });

  test('another conversation leaves the one before, and shows nothing of it', async () => {
    const { now, service, rerender } = start({ id: 'one' });
    await doing(() => void now().sendMessage('하나'));
    await doing(() => service.last.accept().say('1'));
    await doing(() => rerender({ id: 'two' }));
    assert.deepEqual([now().messages, now().status, service.last.signal.aborted], [[], 'ready', true]);
    await doing(() => void now().sendMessage('둘'));
    await doing(() => {
      service.turns[0].feed.say('late').done();
      service.last.accept().say('2').done();
    });
    assert.deepEqual(short(now().messages), ['user done: 둘', 'assistant done: 2']);
  });

  test('a conversation that is kept goes on, and is returned to', async () => {
    const { now, service, rerender } = start({ id: 'one', keepOnSwitch: true });
    await doing(() => void now().sendMessage('하나'));
    await doing(() => service.last.accept().say('1'));
    await doing(() => rerender({ id: 'two', keepOnSwitch: true }));
    assert.deepEqual(now().messages, []);
    await doing(() => service.last.feed.say('1').done());
    assert.deepEqual(now().messages, []);
    await doing(() => rerender({ id: 'one', keepOnSwitch: true }));
    assert.deepEqual(short(now().messages), ['user done: 하나', 'assistant done: 11']);
  });

  test('a provider that goes closes its conversations, also those that are kept: nothing more is sent', async () => {
    const service = new ScriptedService();
    const [ends, shown] = [[], {}];
    const Part = ({ id }) => {
      shown[id] = useChat({ id, throttle: 0, keepOnSwitch: true });
      return null;
    };
    const page = (id) => h(React.StrictMode, null, h(ChatProvider, { service }, h(Part, { id })));
    const { rerender, unmount } = render(page('kept'));
    const send = (id, text) => void shown[id].sendMessage(text).then(() => ends.push(text));
    await doing(() => ['하나', '둘'].forEach((text) => send('kept', text)));
    await doing(() => service.last.accept().say('1'));
    await doing(() => rerender(page('shown')));
    await doing(() => ['셋', '넷'].forEach((text) => send('shown', text)));
    await doing(() => service.last.accept().say('3'));
    assert.deepEqual(service.turns.map(({ signal }) => signal.aborted), [false, false]);
    unmount();
    await settled();
    assert.deepEqual(service.turns.map(({ signal }) => signal.aborted), [true, true]);
    for (const id of ['kept', 'shown']) {
      send(id, `later ${id}`);
      void shown[id].retry();
      shown[id].clearError();
    }
    for (const { feed } of service.turns) feed.done();
    await settled();
    assert.deepEqual([service.turns.length, ends.sort()], [2, ['later kept', 'later shown', '넷', '둘', '셋', '하나']]);
  });

  test('a page may name the workspace that its first message created', async () => {
    const workspaces = [];
    const { now, service, rerender } = start({ onWorkspace: (id) => workspaces.push(id) });
    await doing(() => void now().sendMessage('a'));
    await doing(() => service.last.accept().push({ type: 'workspace', workspaceId: 'ws-7' }).say('1'));
    await doing(() => rerender({ workspaceId: workspaces[0] }));
    await doing(() => service.last.feed.say('2').done());
    assert.deepEqual(short(now().messages), ['user done: a', 'assistant done: 12']);
    await doing(() => rerender({ workspaceId: null }));
    assert.deepEqual([now().messages, now().workspaceId], [[], null]);
    await doing(() => rerender({ workspaceId: 'ws-8', initialMessages: [{ id: 'm', role: 'user', content: 'old' }] }));
    assert.deepEqual([short(now().messages), now().workspaceId], [['user done: old'], 'ws-8']);
  });

  for (const named of [{}, { id: 'talk' }]) {
    test(`a page may name the workspace as soon as it learns of it: ${JSON.stringify(named)}`, async () => {
      // Long: nothing else is shown meanwhile.
      const props = { ...named, throttle: 60_000 };
      const workspaces = [];
      const { now, service, rerender } = start({ ...props, onWorkspace: (id) => workspaces.push(id) });
      await doing(() => void now().sendMessage('a'));
      await doing(() => service.last.accept().push({ type: 'workspace', workspaceId: 'ws-7' }));
      await doing(() => rerender({ ...props, workspaceId: workspaces[0] }));
      assert.deepEqual([short(now().messages), now().workspaceId], [['user done: a'], 'ws-7']);
      await doing(() => service.last.feed.done());
      assert.equal(now().status, 'ready');
    });
  }

  test('another workspace is another conversation, also under the same id', async () => {
    const { now, service, rerender } = start({ id: 'talk' });
    const send = async () => {
      await doing(() => void now().sendMessage('a'));
      const { workspaceId, createWorkspace } = service.last.request;
      await doing(() => service.last.accept().say('1').done());
      return [workspaceId, createWorkspace, now().messages.length];
    };
    for (const workspaceId of ['ws-1', 'ws-2']) {
      await doing(() => rerender({ id: 'talk', workspaceId }));
      assert.deepEqual(await send(), [workspaceId, undefined, 2]);
    }
  });

  test('several conversations under a provider, shared by those that name the same one', async () => {
    const service = new ScriptedService();
    const chats = {};
    const Part = ({ id, name }) => {
      chats[name] = useChat({ id, throttle: 0 });
      return null;
    };
    render(h(React.StrictMode, null, h(ChatProvider, { service }, h(Part, { id: 'one', name: 'a' }), h(Part, { id: 'two', name: 'b' }), h(Part, { id: 'one', name: 'c' }))));
    await doing(() => {
      void chats.a.sendMessage('하나');
      void chats.b.sendMessage('둘');
    });
    await doing(() => {
      service.turns[1].accept().say('2');
      service.turns[0].accept().say('1');
    });
    assert.deepEqual(short(chats.a.messages), ['user done: 하나', 'assistant streaming: 1']);
    assert.deepEqual(short(chats.b.messages), ['user done: 둘', 'assistant streaming: 2']);
    assert.ok(chats.c.messages === chats.a.messages);
    const { error } = console;
    console.error = () => {};
    try {
      assert.throws(() => render(h(() => useChat() && null)), /no service/);
    } finally {
      console.error = error;
    }
  });

  test('a text grows beside a transition that is suspended, whose old screen stays until it is ready', async () => {
    const service = new ScriptedService();
    let chat;
    let begin;
    let finish;
    const loading = new Promise((resolve) => (finish = resolve));
    let isLoaded = false;
    const Other = () => {
      if (!isLoaded) throw loading;
      return h('i', null, 'loaded');
    };
    const Texts = () => {
      chat = useChat({ service, throttle: 0 });
      return h('p', null, chat.messages.map(({ content }) => content).join());
    };
    const Tab = () => {
      const [isOpen, setOpen] = React.useState(false);
      const [isPending, startTransition] = React.useTransition();
      begin = () => startTransition(() => setOpen(true));
      return h(React.Suspense, { fallback: h('i', null, 'fallback') }, isPending && h('b', null, 'pending'), isOpen ? h(Other) : h('i', null, 'before'));
    };
    const { container } = render(h(React.Fragment, null, h(Texts), h(Tab)));
    await doing(() => void chat.sendMessage('a'));
    await doing(() => service.last.accept());
    await doing(begin);
    for (let at = 0; at < 20; at += 1) await doing(() => service.last.feed.say('x'));
    assert.equal(container.innerHTML, `<p>a,${'x'.repeat(20)}</p><b>pending</b><i>before</i>`);
    await doing(() => {
      isLoaded = true;
      finish();
    });
    await doing(() => service.last.feed.say('y').done());
    assert.equal(container.innerHTML, `<p>a,${'x'.repeat(20)}y</p><i>loaded</i>`);
  });

  test('a server renders the history, and the page takes it over', async () => {
    const { renderToString } = require('react-dom/server');
    const { hydrateRoot } = require('react-dom/client');
    const service = new ScriptedService();
    const initialMessages = [{ id: 'm', role: 'user', content: '안녕' }];
    let chat;
    const Page = () => {
      chat = useChat({ service, initialMessages, workspaceId: 'ws-1' });
      return h('p', null, chat.status, chat.messages.map(({ id, content }) => h('b', { key: id }, content)));
    };
    const page = h(ChatProvider, { service }, h(Page));
    const complaints = [];
    const { error } = console;
    console.error = (...words) => complaints.push(words.join(' '));
    const container = document.createElement('div');
    let root;
    try {
      container.innerHTML = renderToString(page);
      assert.match(container.innerHTML, /<p>ready.*<b>안녕<\/b><\/p>/);
      await doing(() => (root = hydrateRoot(container, page, { onRecoverableError: (problem) => complaints.push(problem) })));
      await doing(() => void chat.sendMessage('a'));
      assert.deepEqual([container.textContent, complaints], ['submitted안녕a', []]);
    } finally {
      console.error = error;
      await doing(() => root?.unmount());
    }
  });
}
