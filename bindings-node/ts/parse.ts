/** Structured replies: the content and the tool calls, read as the JSON that was asked for. */

import { ContentFilterFinishReasonError, LengthFinishReasonError, OpenAIError } from './errors.js';
import type {
  ChatCompletion,
  ChatCompletionMessageToolCall,
  ChatCompletionTool,
  ParsedChatCompletion,
  ParsedFunctionToolCall,
  ResponseFormat,
} from './types.js';

/** The parts of a request that say what is to be read. */
export interface Asked {
  response_format?: ResponseFormat;
  tools?: ChatCompletionTool[];
}

type Read = (text: string) => unknown;

/** The reader that a schema library puts on the formats and the tools that it makes. */
interface Made {
  $parseRaw?: Read;
}

/** Refuses tools whose calls cannot be read. */
export function checkTools({ tools }: Asked): void {
  for (const tool of tools ?? []) {
    if (tool.type !== 'function' || tool.function.strict !== true) {
      const name = tool.type === 'function' ? tool.function.name : tool.type;
      throw new OpenAIError(`only strict function tools can be parsed, and ${name} is none: mark it with strict: true`);
    }
  }
}

/** Reads each reply's content, and the arguments of its tool calls. */
export function parseCompletion<Parsed>(completion: ChatCompletion, asked: Asked): ParsedChatCompletion<Parsed> {
  const format = asked.response_format;
  const read = format?.type === 'json_schema' ? (formatReader(asked) ?? JSON.parse) : undefined;
  const isRead = read !== undefined || hasReader(asked);
  const choices = completion.choices.map((choice) => {
    if (isRead && choice.finish_reason === 'length') throw new LengthFinishReasonError();
    if (isRead && choice.finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    const { message } = choice;
    const parsed = read && message.content && !message.refusal ? read(message.content) : null;
    const calls = isRead && message.tool_calls ? { tool_calls: message.tool_calls.map((call) => parsedCall(call, asked)) } : {};
    return { ...choice, message: { ...message, ...calls, parsed: parsed as Parsed | null } };
  });
  return { ...completion, choices };
}

function parsedCall(call: ChatCompletionMessageToolCall, asked: Asked): ParsedFunctionToolCall | ChatCompletionMessageToolCall {
  if (call.type !== 'function') return call;
  const parsed_arguments = toolReader(asked, call.function.name)?.(call.function.arguments) ?? null;
  return { ...call, function: { ...call.function, parsed_arguments } };
}

/** The reader that the format brings, if it does. */
export function formatReader({ response_format }: Asked): Read | undefined {
  return (response_format as Made | undefined)?.$parseRaw;
}

/** What reads the calls of a tool: what it brings itself, or plain JSON if its calls are sure to be of its schema. */
export function toolReader({ tools }: Asked, name: string): Read | undefined {
  const tool = tools?.find((each) => each.type === 'function' && each.function.name === name);
  if (tool?.type !== 'function') return undefined;
  return (tool as Made).$parseRaw ?? (tool.function.strict ? JSON.parse : undefined);
}

/** Whether something is read of a reply while it comes. */
export function hasReader(asked: Asked): boolean {
  const isRead = (tool: ChatCompletionTool) => tool.type === 'function' && toolReader(asked, tool.function.name);
  return formatReader(asked) !== undefined || (asked.tools ?? []).some(isRead);
}
