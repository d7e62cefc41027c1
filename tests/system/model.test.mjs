/** The whole system with the real model: what it says is what its reader gets and what the store keeps. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startSystem } from './scripted.mjs';
import { User } from './user.mjs';

test('a new conversation with the real model is streamed, named and saved', async (t) => {
  const system = await startSystem({ isFake: false, withPage: false });
  t.after(() => system.stop());
  const user = await User.login(system);
  const message = '오늘 점심은 무엇이 좋을까요?';
  const turn = await user.turn({ message, createWorkspace: true });
  assert.equal(turn.error, null);
  assert.ok(turn.events.filter(({ type }) => type === 'content').length > 1, 'the text streams');
  const rows = await user.stored(turn.workspaceId, 2);
  assert.deepEqual(rows.map(({ msgId, msgContent }) => [msgId, msgContent]), [
    [turn.ids.messageId, message],
    [turn.ids.replyId, turn.text],
  ]);
  const [workspace, ...others] = await user.workspaces();
  assert.deepEqual(others, []);
  assert.ok(workspace.workspaceName.trim());
});
