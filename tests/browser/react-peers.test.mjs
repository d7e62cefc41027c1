/** The examples for the AI SDK and assistant-ui, with these packages, against a chat service. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { startChat } from '../node/fake.mjs';
import { openPage } from './dom.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const window = openPage();
const { act, cleanup, fireEvent, render, renderHook, waitFor } = await import('@testing-library/react');
const { createElement: h } = await import('react');

let fake;
before(async () => (fake = await startChat()));
afterEach(async () => {
  cleanup();
  await fake.reset();
});
after(() => fake.close());

/** An example's module, on the packages of this folder. */
async function example(path) {
  mkdirSync(here('node_modules/.examples'), { recursive: true });
  const outfile = here(`node_modules/.examples/${path.replaceAll('/', '-')}.mjs`);
  const external = ['react', 'react-dom', 'react/jsx-runtime', 'ai', '@assistant-ui/react'];
  await build({ entryPoints: [here(`../../examples/${path}`)], bundle: true, format: 'esm', platform: 'neutral', jsx: 'automatic', external, nodePaths: [here('node_modules')], preserveSymlinks: true, outfile });
  return import(outfile);
}

/** Ids that the service gives in place of the page's. */
const [messageId, replyId] = ['a', 'b'].map((end) => `1f0e2d3c-4b5a-4978-8796-a5b4c3d2e1f${end}`);
const turn = (...steps) => ({ steps: [{ sse: { type: 'turn', turnId: 't-1', messageId, replyId } }, ...steps] });
const say = (content) => ({ sse: { type: 'content', content } });
const bodies = async (path) => (await fake.requests()).filter((request) => request.path === path).map(({ body }) => JSON.parse(body));

test('the AI SDK\'s useChat on a turnwire service', async () => {
  const { useChat } = await import('@ai-sdk/react');
  const { TurnwireChatTransport } = await example('ai-sdk/transport.ts');
  const { ChatService } = await example('../bindings-node/ts/browser/index.ts');
  const transport = new TurnwireChatTransport(new ChatService(fake.url));
  const { result } = renderHook(() => useChat({ transport, generateId: () => crypto.randomUUID() }));
  const texts = () => result.current.messages.map(({ role, parts }) => `${role}: ${parts.map(({ text = '' }) => text).join('')}`);
  const sent = (text) => act(() => result.current.sendMessage({ text }));

  await fake.script(turn({ sse: { type: 'workspace', workspaceId: 'ws-1' } }, say('반가'), say('워요'), { sse: { type: 'usage', totalTokens: 5 } }, { sse: { type: 'done' } }), '안녕');
  await fake.workspace('ws-1');
  await sent('안녕');
  assert.deepEqual([result.current.status, texts()], ['ready', ['user: 안녕', 'assistant: 반가워요']]);
  assert.equal(result.current.messages[1].metadata.usage.totalTokens, 5);

  await act(() => result.current.regenerate());
  const [first, second] = await bodies('/chat/stream');
  assert.deepEqual([first.messageId, first.replyId], result.current.messages.map(({ id }) => id));
  assert.deepEqual([second.messageId, second.replyId, second.workspaceId], [first.messageId, first.replyId, 'ws-1']);
  assert.ok(first.createWorkspace && texts().length === 2);

  await fake.script(turn(say('반쪽'), { sse: { type: 'error', message: '모델이 답하지 않습니다.' } }), '고장');
  await sent('고장');
  assert.deepEqual([result.current.status, texts().at(-1)], ['error', 'assistant: 반쪽']);
  assert.match(result.current.error.message, /모델이 답하지 않습니다/);

  await fake.script(turn(say('끝없이'), { stall: true }), '멈춰');
  act(() => void result.current.sendMessage({ text: '멈춰' }));
  await waitFor(() => assert.equal(texts().at(-1), 'assistant: 끝없이'));
  await act(() => result.current.stop());
  await waitFor(async () => assert.deepEqual(await bodies('/chat/stop'), [{ turnId: 't-1' }]));
  assert.deepEqual([result.current.status, texts().at(-1)], ['ready', 'assistant: 끝없이']);
});

test('assistant-ui on turnwire', async () => {
  window.HTMLElement.prototype.scrollTo = () => {};
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  for (const name of ['HTMLInputElement', 'HTMLTextAreaElement', 'requestAnimationFrame', 'cancelAnimationFrame']) globalThis[name] = window[name];
  const { ActionBarPrimitive, ComposerPrimitive, ErrorPrimitive, MessagePrimitive, ThreadPrimitive } = await import('@assistant-ui/react');
  const { TurnwireRuntime } = await example('assistant-ui/runtime.tsx');
  const { ChatService } = await example('../bindings-node/ts/browser/index.ts');

  const Message = (role) => () => h(MessagePrimitive.Root, { className: role }, h(MessagePrimitive.Parts), h(MessagePrimitive.Error, null, h(ErrorPrimitive.Root, null, h(ErrorPrimitive.Message))), role === 'assistant' && h(ActionBarPrimitive.Reload, null, 'again'));
  const Thread = () =>
    h(
      ThreadPrimitive.Root,
      null,
      h(ThreadPrimitive.Messages, { components: { UserMessage, AssistantMessage } }),
      h(ComposerPrimitive.Root, null, h(ComposerPrimitive.Input, { 'aria-label': 'message' }), h(ComposerPrimitive.Send, null, 'send'), h(ComposerPrimitive.Cancel, null, 'cancel')),
    );
  const [UserMessage, AssistantMessage] = [Message('user'), Message('assistant')];
  const service = new ChatService(fake.url);
  const page = render(h(TurnwireRuntime, { service, workspaceId: 'ws-1' }, h(Thread)));
  const texts = (role) => [...page.container.querySelectorAll(`.${role}`)].map(({ textContent }) => textContent.replace(/ ●|again/g, ''));

  await fake.workspace('ws-1');
  await fake.script(turn(say('반가'), say('워요'), { sse: { type: 'done' } }), '안녕');
  await act(async () => fireEvent.change(page.getByLabelText('message'), { target: { value: '안녕' } }));
  await act(async () => fireEvent.click(page.getByText('send')));
  await waitFor(() => assert.deepEqual([texts('user'), texts('assistant')], [['안녕'], ['반가워요']]));

  await waitFor(() => assert.equal(page.getByText('again').disabled, false));
  await fake.script(turn(say('다시'), { stall: true }), '안녕');
  await act(async () => fireEvent.click(page.getByText('again')));
  await waitFor(() => assert.deepEqual([texts('user'), texts('assistant')], [['안녕'], ['다시']]));
  const [, again] = await bodies('/chat/stream');
  assert.deepEqual([again.messageId, again.replyId], [messageId, replyId]);
  await act(async () => fireEvent.click(page.getByText('cancel')));
  await waitFor(async () => assert.deepEqual(await bodies('/chat/stop'), [{ turnId: 't-1' }]));
  await waitFor(() => assert.equal(page.getByText('again').disabled, false));

  // A message that failed before its reply has an error, too, and is sent again.
  await fake.script({ status: 503, steps: [{ json: { error: '잠시 쉽니다.' } }] }, '고장');
  await act(async () => fireEvent.change(page.getByLabelText('message'), { target: { value: '고장' } }));
  await act(async () => fireEvent.click(page.getByText('send')));
  await waitFor(() => assert.match(texts('assistant').at(-1), /503: 잠시 쉽니다/));
  assert.deepEqual(texts('user'), ['안녕', '고장']);
  await fake.script({ steps: [say('고쳤습니다'), { sse: { type: 'done' } }] }, '고장');
  await act(async () => fireEvent.click(page.getAllByText('again').at(-1)));
  await waitFor(() => assert.deepEqual([texts('user'), texts('assistant')], [['안녕', '고장'], ['다시', '고쳤습니다']]));
  const [broken, mended] = (await bodies('/chat/stream')).slice(-2);
  assert.deepEqual([mended.messageId, mended.replyId], [broken.messageId, broken.replyId]);
});

test('the examples, and the components of documents, have no errors of types', () => {
  mkdirSync(here('node_modules/.examples'), { recursive: true });
  for (const [name, document] of [['readme', 'bindings-node/README.md'], ['guide', 'docs/guides/react.md']]) {
    const [, code] = /^```tsx\n(.*?)^```/ms.exec(readFileSync(here(`../../${document}`), 'utf8'));
    writeFileSync(here(`node_modules/.examples/${name}.tsx`), code);
  }
  const check = () => execFileSync('npx', ['tsc', '-p', 'peers.tsconfig.json'], { cwd: here('.'), encoding: 'utf8', shell: true });
  assert.doesNotThrow(() => check());
});
