/** The AI SDK's `useChat` on a turnwire service: `useChat({ transport: new TurnwireChatTransport(new ChatService()), generateId: () => crypto.randomUUID() })`. */

import { type ChatTransport, createUIMessageStream, type UIMessage } from 'ai';
import type { ChatService } from 'turnwire/browser';

export class TurnwireChatTransport implements ChatTransport<UIMessage> {
  /** The workspaces of the chats that this page has begun; those from before are set by the page. */
  readonly workspaces = new Map<string, string>();

  constructor(private readonly service: ChatService) {}

  async sendMessages({ chatId, messages, abortSignal: signal }: Parameters<ChatTransport<UIMessage>['sendMessages']>[0]) {
    const user = messages.filter(({ role }) => role === 'user').at(-1)!;
    const message = user.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const workspaceId = this.workspaces.get(chatId);
    // The same ids as in the store, so that a reply that is generated again replaces the one before: the message's with another last digit.
    const replyId = user.id.slice(0, -1) + (parseInt(user.id.slice(-1), 16) ^ 1).toString(16);
    const place = workspaceId === undefined ? { createWorkspace: true } : { workspaceId };
    const events = await this.service.stream({ message, messageId: user.id, replyId, ...place }, { signal });
    return createUIMessageStream({
      onError: (error) => (error as Error).message,
      execute: async ({ writer }) => {
        writer.write({ type: 'start', messageId: replyId });
        writer.write({ type: 'text-start', id: 'text' });
        for await (const event of events) {
          // The AI SDK only leaves a stream; the service is told to stop.
          if (event.type === 'turn') signal?.addEventListener('abort', () => void this.service.stop(event.turnId).catch(() => {}));
          if (event.type === 'workspace') this.workspaces.set(chatId, event.workspaceId);
          if (event.type === 'content') writer.write({ type: 'text-delta', id: 'text', delta: event.content });
          if (event.type === 'usage') writer.write({ type: 'message-metadata', messageMetadata: { usage: event } });
        }
        writer.write({ type: 'text-end', id: 'text' });
        writer.write({ type: 'finish' });
      },
    });
  }

  /** A stream that broke cannot be resumed: the message is sent again. */
  async reconnectToStream() {
    return null;
  }
}
