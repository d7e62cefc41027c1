/** Structured replies: the content and the tool calls, read as the JSON that was asked for. */

import { ContentFilterFinishReasonError, InvalidRequestError, LengthFinishReasonError } from './errors.js';
import type {
  ChatCompletion,
  ChatCompletionMessage,
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
    if (tool.type === 'custom' || (tool.type === 'function' && tool.function.strict === true)) continue;
    const { type, function: called } = tool as { type: string; function?: { name?: string } };
    const name = called?.name ?? type;
    throw new InvalidRequestError(`only strict function tools and custom tools can be parsed, and ${name} is neither: mark it with strict: true`);
  }
}

/** Reads each reply's content, and the arguments of its tool calls. */
export function parseCompletion<Parsed>(completion: ChatCompletion, asked: Asked): ParsedChatCompletion<Parsed> {
  const read = formatReader(asked);
  const isRead = hasReader(asked);
  const choices = completion.choices.map((choice) => {
    if (isRead && choice.finish_reason === 'length') throw new LengthFinishReasonError();
    if (isRead && choice.finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    const { message } = choice;
    const parsed = read && isContent(message) ? read(message.content) : null;
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

/** What reads the content: what the format brings itself, or plain JSON if it is of a schema. */
export function formatReader({ response_format }: Asked): Read | undefined {
  return (response_format as Made | undefined)?.$parseRaw ?? (response_format?.type === 'json_schema' ? readJson : undefined);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The text is the conversation's, and stays out of the message.
    throw new SyntaxError('Error reading response: invalid structured output JSON.');
  }
}

/** Whether a message has a content to read: an empty one counts where the message has nothing else. */
function isContent(message: ChatCompletionMessage): message is ChatCompletionMessage & { content: string } {
  const { content, refusal, tool_calls, function_call } = message;
  return typeof content === 'string' && !refusal && (content !== '' || (!tool_calls?.length && !function_call));
}

/** What reads the calls of a tool: what it brings itself, or plain JSON if its calls are sure to be of its schema. */
export function toolReader({ tools }: Asked, name: string): Read | undefined {
  const tool = tools?.find((each) => each.type === 'function' && each.function.name === name);
  if (tool?.type !== 'function') return undefined;
  return (tool as Made).$parseRaw ?? (tool.function.strict ? readJson : undefined);
}

/** Whether something is read of a reply while it comes. */
export function hasReader(asked: Asked): boolean {
  const isRead = (tool: ChatCompletionTool) => tool.type === 'function' && toolReader(asked, tool.function.name);
  return formatReader(asked) !== undefined || (asked.tools ?? []).some(isRead);
}
