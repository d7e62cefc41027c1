/** What is told of a streamed reply while it comes: core's events of each chunk, in the words of the `openai` package. */

import { fromThrown } from './core-error.js';
import { ContentFilterFinishReasonError, LengthFinishReasonError } from './errors.js';
import { native } from './native.js';
import { formatReader, hasReader, toolReader, type Asked } from './parse.js';
import { readPartial } from './partial.js';
import { apply, begun, type ChatCompletionSnapshot, type ChoiceSnapshot, type FunctionToolCallSnapshot, type Operation } from './snapshot.js';
import type { ChatCompletionChunk, ChatCompletionTokenLogprob } from './types.js';

export interface ProgressEvents<Parsed = unknown> {
  /** A chunk, and the reply with it. */
  chunk: (chunk: ChatCompletionChunk, snapshot: ChatCompletionSnapshot) => void;
  /** More text of a reply, and its text so far. */
  content: (delta: string, snapshot: string) => void;
  'content.delta': (event: { delta: string; snapshot: string; parsed: unknown }) => void;
  'content.done': (event: { content: string; parsed: Parsed | null }) => void;
  'refusal.delta': (event: { delta: string; snapshot: string }) => void;
  'refusal.done': (event: { refusal: string }) => void;
  'tool_calls.function.arguments.delta': (event: ToolCallArguments & { arguments_delta: string }) => void;
  'tool_calls.function.arguments.done': (event: ToolCallArguments) => void;
  'logprobs.content.delta': (event: { content: ChatCompletionTokenLogprob[]; snapshot: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.content.done': (event: { content: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.refusal.delta': (event: { refusal: ChatCompletionTokenLogprob[]; snapshot: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.refusal.done': (event: { refusal: ChatCompletionTokenLogprob[] }) => void;
}

/** The arguments of a tool call so far, or all of them, and what they say if the tool is one whose calls are read. */
export interface ToolCallArguments {
  name: string;
  index: number;
  arguments: string;
  parsed_arguments: unknown;
}

type Tell<Parsed> = <Name extends keyof ProgressEvents<Parsed>>(
  name: Name,
  ...args: Parameters<ProgressEvents<Parsed>[Name]>
) => void;

/** What a chunk comes to, as `turnwire::bridge::Progress` in core describes it. */
interface Added {
  ops: Operation[];
  events: Part[];
}

/** The events of one choice, by their groups. */
interface Part {
  choice: number;
  text: Event[];
  logprobs: Event[];
  done: Event[];
  calls: Event[];
  last: Event[];
}

type Event =
  | { type: 'content.delta' | 'refusal.delta'; delta: string }
  | { type: 'logprobs.content.delta' | 'logprobs.refusal.delta'; count: number }
  | { type: 'tool_calls.function.arguments.delta'; call: number; index: number; arguments_delta: string }
  | { type: 'tool_calls.function.arguments.done'; call: number; index: number }
  | { type: 'content.done' | 'refusal.done' | 'logprobs.content.done' | 'logprobs.refusal.done' };

/** JSON that is still being written is read again when it has grown by this much, in characters, or by half. */
const EAGER = 1024;

export class Progress<Parsed> {
  snapshot: ChatCompletionSnapshot | undefined;
  #core = new native.Progress();
  #asked: Asked;
  #tell: Tell<Parsed>;
  /** How much of each text had come when it was read last. */
  #read = new Map<string, number>();

  constructor(asked: Asked, tell: Tell<Parsed>) {
    this.#asked = asked;
    this.#tell = tell;
  }

  /** Adds a chunk, and tells what is new. */
  add(chunk: ChatCompletionChunk): void {
    const { ops, events } = this.#added(chunk);
    const snapshot = (this.snapshot ??= begun(chunk));
    apply(snapshot, ops);
    const parts = events.map((part) => ({ part, choice: snapshot.choices[part.choice] as ChoiceSnapshot }));
    for (const { part, choice } of parts) this.#readPart(part, choice);
    this.#tell('chunk', chunk, snapshot);
    for (const { part, choice } of parts) {
      for (const event of [part.text, part.logprobs, part.done, part.calls, part.last].flat()) this.#tellOf(event, choice);
    }
  }

  #added(chunk: ChatCompletionChunk): Added {
    try {
      return JSON.parse(this.#core.add(JSON.stringify(chunk))) as Added;
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** Reads what is to be read of a reply that is still being written. */
  #readPart({ text, calls }: Part, choice: ChoiceSnapshot): void {
    choice.finish_reason ??= null;
    choice.logprobs ??= null;
    // A snapshot has a content and a refusal once there are some, as in the `openai` package.
    if (choice.message.content === null) delete choice.message.content;
    if (!choice.message.refusal) delete choice.message.refusal;
    const { message, finish_reason, index } = choice;
    if (finish_reason && hasReader(this.#asked)) {
      if (finish_reason === 'length') throw new LengthFinishReasonError();
      if (finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    }
    const { content } = message;
    if (typeof content === 'string' && !message.refusal && formatReader(this.#asked) && text.some(({ type }) => type === 'content.delta')) {
      if (this.#isDue(`${index}`, content)) message.parsed = readPartial(content) ?? null;
    }
    for (const event of calls) {
      const called = 'call' in event ? functionOf(choice, event.call) : undefined;
      if (!called?.arguments || !toolReader(this.#asked, called.name)) continue;
      if ('call' in event && this.#isDue(`${index} ${event.index}`, called.arguments)) {
        called.parsed_arguments = readPartial(called.arguments);
      }
    }
  }

  /** Whether a text has grown enough to be read again: to read a long one with each of its pieces takes for ever. */
  #isDue(name: string, { length }: string): boolean {
    const last = this.#read.get(name) ?? 0;
    if (length > EAGER && length - last < Math.max(EAGER, last / 2)) return false;
    this.#read.set(name, length);
    return true;
  }

  #tellOf(event: Event, choice: ChoiceSnapshot): void {
    const { message, logprobs } = choice;
    const { content, refusal } = message;
    switch (event.type) {
      case 'content.delta':
        if (!content) return;
        this.#tell('content', event.delta, content);
        this.#tell('content.delta', { delta: event.delta, snapshot: content, parsed: message.parsed });
        return;
      case 'refusal.delta':
        if (refusal) this.#tell('refusal.delta', { delta: event.delta, snapshot: refusal });
        return;
      case 'logprobs.content.delta': {
        const snapshot = logprobs?.content ?? [];
        this.#tell('logprobs.content.delta', { content: snapshot.slice(snapshot.length - event.count), snapshot });
        return;
      }
      case 'logprobs.refusal.delta': {
        const snapshot = logprobs?.refusal ?? [];
        this.#tell('logprobs.refusal.delta', { refusal: snapshot.slice(snapshot.length - event.count), snapshot });
        return;
      }
      case 'content.done': {
        const read = formatReader(this.#asked);
        if (content) this.#tell('content.done', { content, parsed: read ? (read(content) as Parsed) : null });
        return;
      }
      case 'refusal.done':
        if (refusal) this.#tell('refusal.done', { refusal });
        return;
      case 'logprobs.content.done':
        this.#tell('logprobs.content.done', { content: logprobs?.content ?? [] });
        return;
      case 'logprobs.refusal.done':
        this.#tell('logprobs.refusal.done', { refusal: logprobs?.refusal ?? [] });
        return;
      default:
        this.#tellOfCall(event, choice);
    }
  }

  #tellOfCall(event: Extract<Event, { call: number }>, choice: ChoiceSnapshot): void {
    const called = functionOf(choice, event.call);
    if (!called) return;
    const { name, arguments: given, parsed_arguments } = called;
    const { index } = event;
    if (event.type === 'tool_calls.function.arguments.delta') {
      const { arguments_delta } = event;
      this.#tell(event.type, { name, index, arguments: given, parsed_arguments, arguments_delta });
    } else {
      const parsed = toolReader(this.#asked, name)?.(given) ?? null;
      this.#tell(event.type, { name, index, arguments: given, parsed_arguments: parsed });
    }
  }
}

function functionOf({ message }: ChoiceSnapshot, place: number): FunctionToolCallSnapshot['function'] | undefined {
  const call = message.tool_calls?.[place];
  return call?.type === 'function' ? call.function : undefined;
}
