/** The two routes of a chat store that the page reads: the conversations of the user, and the messages of one. */

const AI = 'ai-uuid-1234-5678-90ab-cdef12345678';

/**
 * Answers from the embedded store as a chat store does.
 * @param {import('turnwire').SqliteStore} store
 * @param {string} user
 * @returns {(request: Request) => Promise<Response>}
 */
export function storeRoutes(store, user) {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, history] = /^\/api\/chat\/history\/([^/]+)$/.exec(pathname) ?? [];
    if (history) {
      const messages = await store.history(user, decodeURIComponent(history));
      return messages.length === 0 ? new Response(null, { status: 204 }) : answer(messages.map(message));
    }
    if (pathname === `/api/workspace/${user}/status`) {
      const offset = Number(searchParams.get('offset') ?? 0);
      const found = await store.workspaces(user);
      return answer(found.slice(offset, offset + Number(searchParams.get('size') ?? 50)).map(workspace));
    }
    return Response.json({ success: false, message: 'there is no such call', data: null }, { status: 404 });
  };
}

const answer = (data) => Response.json({ success: true, message: 'ok', data });

const workspace = ({ id, name, createdAt, updatedAt, deletedAt, userId, status }) => ({
  workspaceId: id,
  workspaceName: name,
  workspaceCreatedAt: createdAt,
  workspaceUpdatedAt: updatedAt,
  workspaceDeletedAt: deletedAt,
  workspaceMemUuid: userId,
  workspaceStatus: status,
});

const message = ({ id, role, content, sentAt, senderId, parentId, kind, workspaceId }) => ({
  msgId: id,
  msgSenderRole: role,
  msgContent: content,
  msgSentAt: sentAt,
  msgSenderUUID: role === 'AI' ? AI : senderId,
  parentMsgId: parentId,
  msgType: kind,
  msgWorkspaceId: workspaceId,
});
