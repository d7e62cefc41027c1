/** A program in strict TypeScript: it is compiled, not run. */

import OpenAI, { APIError, RateLimitError, TruncatedStreamError, type ChatCompletion, type ChatCompletionChunk, type ChatCompletionMessageParam } from 'turnwire';

const client = new OpenAI({ apiKey: 'k', timeout: 1000, logger: console, logLevel: 'info' });
const messages: ChatCompletionMessageParam[] = [
  { role: 'system', content: 's' },
  { role: 'user', content: [{ type: 'text', text: 't' }, { type: 'image_url', image_url: { url: 'u' } }] },
];

export async function whole(): Promise<string | null | undefined> {
  const reply: ChatCompletion = await client.chat.completions.create({ model: 'gpt-4o-mini', messages });
  return reply.choices[0]?.message.content;
}

export async function streamed(signal: AbortSignal): Promise<number> {
  const stream = await client.chat.completions.create({ model: 'a-model-nobody-listed', messages, stream: true }, { signal });
  let chunks = 0;
  for await (const chunk of stream) {
    const known: ChatCompletionChunk = chunk;
    chunks += known.choices.length;
  }
  const { data, response, request_id } = await client.chat.completions.create({ model: 'm', messages, stream: true }).withResponse();
  const id: string | null = request_id;
  data.controller.abort(id ?? response.status);
  return chunks;
}

export async function events(): Promise<{ label: string } | null | undefined> {
  const runner = client.chat.completions
    .stream<{ label: string }>({ model: 'm', messages })
    .on('content', (delta, snapshot) => void (delta.length + snapshot.length))
    .on('error', (error) => void error.retryable)
    .once('end', () => {});
  const usage = await runner.totalUsage();
  return usage.total_tokens > 0 ? (await runner.finalMessage()).parsed : null;
}

export function told(error: unknown): string | undefined {
  if (error instanceof TruncatedStreamError) return error.partial;
  if (error instanceof RateLimitError) return error.headers.get('retry-after') ?? String(error.retryAfterMs);
  if (error instanceof APIError) return `${error.status} ${error.code} ${error.type} ${error.requestID} ${error.errorCode}`;
  return undefined;
}

export async function ids(): Promise<string[]> {
  const found: string[] = [];
  for await (const model of client.models.list()) found.push(model.id);
  return found;
}

// @ts-expect-error: a request names its model
void (() => client.chat.completions.create({ messages }));
