/** Under Jest 27, which ignores `exports` of packages, and whose jsdom has neither `fetch` nor streams. */

import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatService, TurnwireError } from 'turnwire/browser';

import { Page } from './page';

global.IS_REACT_ACT_ENVIRONMENT = true;

test('the page shows the reply', async () => {
  const root = document.body.appendChild(document.createElement('div'));
  const service = {
    stream: async () =>
      (async function* () {
        yield { type: 'content', content: '네, ' };
        yield { type: 'content', content: '안녕하세요' };
        yield { type: 'done' };
      })(),
  };
  await act(async () => createRoot(root).render(<Page service={service} />));
  await act(async () => root.querySelector('button').click());
  // A growing text is shown at most every 50 ms.
  for (let tries = 0; tries < 400 && !root.textContent.includes('ready'); tries += 1) await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  expect(root.textContent).toContain('assistant: 네, 안녕하세요');
});

test('the client and its errors load', () => {
  expect(() => new ChatService({ apiKey: 'k' })).toThrow(TurnwireError);
  expect(typeof new ChatService().stream).toBe('function');
});
