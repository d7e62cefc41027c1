/** Structured replies: the content and the tool calls, parsed as the JSON that was requested. */

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

/** The parts of a request that define what is parsed. */
export interface Requested {
  response_format?: ResponseFormat;
  tools?: ChatCompletionTool[];
}

type Parser = (text: string) => unknown;

/** The parser that a schema library attaches to its formats and tools. */
interface Parsable {
  $parseRaw?: Parser;
}

/** Refuses tools whose calls cannot be parsed. */
export function checkTools({ tools }: Requested): void {
  for (const tool of tools ?? []) {
    if (tool.type === 'custom' || (tool.type === 'function' && tool.function.strict === true)) continue;
    const { type, function: called } = tool as { type: string; function?: { name?: string } };
    const name = called?.name ?? type;
    throw new InvalidRequestError(`only strict function tools and custom tools can be parsed, and ${name} is neither: mark it with strict: true`);
  }
}

/** Parses each choice's content, and the arguments of its tool calls. */
export function parseCompletion<Parsed>(completion: ChatCompletion, requested: Requested): ParsedChatCompletion<Parsed> {
  const read = formatReader(requested);
  const isParsed = hasReader(requested);
  const choices = completion.choices.map((choice) => {
    if (isParsed && choice.finish_reason === 'length') throw new LengthFinishReasonError();
    if (isParsed && choice.finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    const { message } = choice;
    const parsed = read && isContent(message) ? read(message.content) : null;
    const calls = isParsed && message.tool_calls ? { tool_calls: message.tool_calls.map((call) => parsedCall(call, requested)) } : {};
    return { ...choice, message: { ...message, ...calls, parsed: parsed as Parsed | null } };
  });
  return { ...completion, choices };
}

function parsedCall(call: ChatCompletionMessageToolCall, requested: Requested): ParsedFunctionToolCall | ChatCompletionMessageToolCall {
  if (call.type !== 'function') return call;
  const parsed_arguments = toolReader(requested, call.function.name)?.(call.function.arguments) ?? null;
  return { ...call, function: { ...call.function, parsed_arguments } };
}

/** The parser of the content: the format's own, or plain JSON if the format has a schema. */
export function formatReader({ response_format }: Requested): Parser | undefined {
  return (response_format as Parsable | undefined)?.$parseRaw ?? (response_format?.type === 'json_schema' ? readJson : undefined);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The text belongs to the conversation, and stays out of the message.
    throw new SyntaxError('Error reading response: invalid structured output JSON.');
  }
}

/** True if a message has content to parse: empty content counts if the message has nothing else. */
function isContent(message: ChatCompletionMessage): message is ChatCompletionMessage & { content: string } {
  const { content, refusal, tool_calls, function_call } = message;
  return typeof content === 'string' && !refusal && (content !== '' || (!tool_calls?.length && !function_call));
}

/** The parser of a tool's calls: the tool's own, or plain JSON if its calls always follow its schema. */
export function toolReader({ tools }: Requested, name: string): Parser | undefined {
  const tool = tools?.find((each) => each.type === 'function' && each.function.name === name);
  if (tool?.type !== 'function') return undefined;
  return (tool as Parsable).$parseRaw ?? (tool.function.strict ? readJson : undefined);
}

/** True if anything of a reply is parsed while it streams. */
export function hasReader(requested: Requested): boolean {
  const isParsed = (tool: ChatCompletionTool) => tool.type === 'function' && toolReader(requested, tool.function.name);
  return formatReader(requested) !== undefined || (requested.tools ?? []).some(isParsed);
}
