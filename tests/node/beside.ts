/** A program of `turnwire/openai` in strict TypeScript, as ESM and as CommonJS: it is compiled, not run. */

import * as openai from 'openai';
import { AzureOpenAI, OpenAI, RateLimitError, toFile, TruncatedStreamError, TurnwireError } from 'turnwire/openai';

/** It goes wherever a client of the package is asked for, and has settings of turnwire besides. */
export const client: openai.OpenAI = new OpenAI({ apiKey: 'k', limits: { event: 1 } });
export const other: OpenAI = client.withOptions({ limits: { reply: Infinity } });
export const names: [typeof openai.AzureOpenAI, typeof openai.toFile] = [AzureOpenAI, toFile];

// @ts-expect-error: no setting of either
export const wrong = new OpenAI({ limit: 1 });

export async function streamed(): Promise<number> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'a' }];
  let characters = 0;
  const stream = await other.chat.completions.create({ model: 'm', messages, stream: true });
  for await (const chunk of stream) characters += chunk.choices[0]?.delta.content?.length ?? 0;
  return characters + (await other.embeddings.create({ model: 'm', input: 'a' })).data.length;
}

export function told(error: unknown): string | null | undefined {
  if (error instanceof TruncatedStreamError) return error.partial;
  if (error instanceof TurnwireError) return `${error.errorCode} ${error.retryable}`;
  return error instanceof RateLimitError ? error.headers.get('retry-after') : undefined;
}
