/** The tokens under Jest 27, with a store that the test plays. */

import { accessToken, keep, refreshToken, renew } from './session';

beforeEach(() => localStorage.clear());

test('the store renews both tokens', async () => {
  global.fetch = jest.fn(async () => ({ ok: true, headers: new Map([['Authorization', 'Bearer new'], ['RefreshToken', 'Bearer newer']]) }));
  keep({ accessToken: 'old', refreshToken: 'older' });
  expect(await renew()).toBe(true);
  const [url, { method, headers }] = global.fetch.mock.calls[0];
  expect([url, method, headers]).toEqual(['/reissue', 'POST', { Authorization: 'Bearer old', RefreshToken: 'Bearer older', extendLogin: 'true' }]);
  expect([accessToken(), refreshToken()]).toEqual(['new', 'newer']);
});

test('tokens that the store refuses stay, and the user must sign in again; without a login the store is not asked', async () => {
  global.fetch = jest.fn(async () => ({ ok: false, headers: new Map() }));
  expect(await renew()).toBe(false);
  expect(global.fetch).not.toHaveBeenCalled();
  keep({ accessToken: 'old', refreshToken: 'older' });
  expect(await renew()).toBe(false);
  expect([accessToken(), refreshToken()]).toEqual(['old', 'older']);
});
