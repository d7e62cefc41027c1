/** In jsdom under vitest, which resolves packages as Node does. */

import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatService } from 'turnwire/browser';
import { expect, test } from 'vitest';

import { Page } from './page.jsx';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

test('the page shows the reply', async () => {
  const root = document.body.appendChild(document.createElement('div'));
  const body = 'data: {"type": "content", "content": "네, 안녕하세요"}\n\ndata: {"type": "done"}\n\n';
  const service = new ChatService({ fetch: async () => new Response(body) });
  await act(async () => createRoot(root).render(<Page service={service} />));
  await act(async () => root.querySelector('button').click());
  // A growing text is shown at most every 50 ms.
  for (let tries = 0; tries < 400 && !root.textContent.includes('ready'); tries += 1) await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  expect(root.textContent).toContain('assistant: 네, 안녕하세요');
});
