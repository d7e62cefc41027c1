/** Structured replies: the content, read as the JSON that was asked for. */

import { ContentFilterFinishReasonError, LengthFinishReasonError } from './errors.js';
import type { ChatCompletion, ParsedChatCompletion, ResponseFormat } from './types.js';

/** Reads each reply's content; a format made by a schema library brings its own reader. */
export function parseCompletion<Parsed>(
  completion: ChatCompletion,
  asked: { response_format?: ResponseFormat },
): ParsedChatCompletion<Parsed> {
  const read = reader(asked.response_format);
  const choices = completion.choices.map((choice) => {
    if (read && choice.finish_reason === 'length') throw new LengthFinishReasonError();
    if (read && choice.finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    const { message } = choice;
    const parsed = read && message.content && !message.refusal ? read(message.content) : null;
    return { ...choice, message: { ...message, parsed: parsed as Parsed | null } };
  });
  return { ...completion, choices };
}

/** What reads the content, if it is to be read at all. */
function reader(format: ResponseFormat | undefined): ((content: string) => unknown) | undefined {
  return format?.type === 'json_schema' ? (ownReader(format) ?? JSON.parse) : undefined;
}

/** The reader that a schema library puts on the formats that it makes. */
export function ownReader(format: ResponseFormat | undefined): ((content: string) => unknown) | undefined {
  return (format as { $parseRaw?: (content: string) => unknown } | undefined)?.$parseRaw;
}
