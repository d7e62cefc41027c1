/** The page under Jest 27, with a service that the test plays. */

import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';

import App from './App';

/** A service whose turns are these functions, one after another. */
function played(...turns) {
  const service = { requests: [] };
  service.stream = async (request) => {
    service.requests.push(request);
    return turns.shift()(request);
  };
  return service;
}

async function* answer({ replyId, messageId }) {
  yield { type: 'turn', turnId: 't', messageId, replyId };
  yield { type: 'workspace', workspaceId: 'w' };
  yield { type: 'content', content: '안녕' };
  yield { type: 'content', content: '하세요.' };
  yield { type: 'done' };
}

const say = (text) => {
  fireEvent.change(screen.getByLabelText('하고 싶은 말'), { target: { value: text } });
  fireEvent.click(screen.getByText('보내기'));
};

test('a reply is shown, and the conversation goes on in its workspace', async () => {
  const service = played(answer, answer);
  render(<App service={service} />);
  say('첫째');
  await screen.findByText('안녕하세요.');
  await screen.findByText('듣기');
  say('둘째');
  await waitFor(() => expect(screen.getAllByText('안녕하세요.')).toHaveLength(2));
  expect(service.requests.map(({ message, workspaceId, createWorkspace }) => [message, workspaceId ?? null, createWorkspace ?? false])).toEqual([
    ['첫째', null, true],
    ['둘째', 'w', false],
  ]);
});

test('a screen reader is told of a reply when it is complete', async () => {
  let finish;
  const held = new Promise((resolve) => (finish = resolve));
  render(
    <App
      service={played(async function* (request) {
        yield { type: 'content', content: '안녕' };
        await held;
        yield { type: 'done' };
      })}
    />,
  );
  say('첫째');
  const log = await screen.findByRole('log');
  await within(log).findByText('안녕');
  expect(log.getAttribute('aria-busy')).toBe('true');
  finish();
  await waitFor(() => expect(log.getAttribute('aria-busy')).toBe('false'));
});

test('speech that fails is said', async () => {
  const service = played(answer);
  service.speak = () => Promise.reject(new Error('the speaker is down'));
  render(<App service={service} />);
  say('첫째');
  fireEvent.click(await screen.findByText('듣기'));
  expect((await screen.findByRole('alert')).textContent).toBe('소리를 낼 수 없습니다.');
});

test('a message that was not sent keeps its text, and is sent again under the same id', async () => {
  const refuse = () => Promise.reject(Object.assign(new Error('the network is down'), { errorCode: 'connection', network: true }));
  const service = played(refuse, answer);
  render(<App service={service} />);
  say('첫째');
  const alert = await screen.findByRole('alert');
  screen.getByText('첫째');
  fireEvent.click(within(alert).getByText('다시 보내기'));
  await screen.findByText('안녕하세요.');
  expect(service.requests[1].messageId).toBe(service.requests[0].messageId);
});
