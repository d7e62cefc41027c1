/** A program in strict TypeScript: it is compiled, not run. */

import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

import express from 'express';
import OpenAI, { APIError, chatHandler, nodeHandler, GoogleTranslateSpeaker, OpenAISpeaker, RateLimitError, SentenceCutter, ServiceSpeaker, type Speaker, Speech, TruncatedStreamError, Turns, TurnwireError, type ChatCompletion, type ChatCompletionChunk, type ChatCompletionMessageParam, type FlushReport, type SinkFunction, type Timeline, type TokenFunction, type TurnEvent, type TurnsOptions } from 'turnwire';
import { FakeLlm, FakeStore, type FakeLogin, type FakeReply, type FakeRequest } from 'turnwire/testing';

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
  if (error instanceof TurnwireError) {
    const { errorCode, operation, status, requestId, retryable } = error;
    return errorCode === 'outbox_full' ? operation : `${error.code} ${status} ${requestId} ${retryable}`;
  }
  return undefined;
}

export async function ids(): Promise<string[]> {
  const found: string[] = [];
  for await (const model of client.models.list()) found.push(model.id);
  return found;
}

// @ts-expect-error: a request names its model
void (() => client.chat.completions.create({ messages }));

const options: TurnsOptions = {
  store: 'http://127.0.0.1:1',
  outbox: 'outbox.db',
  systemPrompt: 's',
  onDisconnect: 'finish',
  sentiment: async (text, { signal }) => (signal.aborted ? '' : text),
};
export async function turn(signal: AbortSignal): Promise<[string, Timeline, FlushReport]> {
  const turns = new Turns(client, options);
  const turn = turns.start({ message: 'm', userId: 'u', createWorkspace: true, accessToken: 'a', refreshToken: 'r' }, { signal });
  let text = '';
  for await (const event of turn) text += shown(event);
  void new Response(turns.start({ message: 'm', history: messages }).sse());
  const isStopped: boolean = await turns.stop(turn.id);
  void isStopped;
  return [text, turn.timeline(), await turns.flush({ timeout: 1000 })];
}
function shown(event: TurnEvent): string {
  switch (event.type) {
    case 'content':
      return event.content;
    case 'workspace':
      return event.workspaceId;
    case 'usage':
      return `${event.totalTokens}`;
    case 'stage_failed':
      return `${event.stage} ${event.message} ${event.code?.length}`;
    default:
      return event.type;
  }
}

// Functions of every kind.
const spoken: TurnsOptions[] = [
  { speaker: ({ text, voice }) => new TextEncoder().encode(voice ?? text) },
  { speaker: async ({ text }, { signal }) => fetch(text, { signal }) },
  { speaker: async function* ({ text }) { yield new TextEncoder().encode(text); }, speechMode: 'streaming' },
  { speaker: () => ({ audio: [new Uint8Array(1)], mediaType: 'audio/pcm' }), logger: console, logLevel: 'debug' },
];
export async function spoke(): Promise<[Uint8Array, string, FlushReport]> {
  const turns = new Turns(client, spoken[0]);
  const timeline = turns.start({ message: 'm' }).timeline();
  return [await turns.speak('m'), timeline.text() + timeline.svg('note'), await turns.shutdown()];
}
export const sink: SinkFunction = async ({ payload, tokens }) => (tokens ? { outcome: 'retry', reason: String(payload), after: 1000 } : { outcome: 'needs_token' });
export const fresh: TokenFunction = ({ userId, refused }) => (refused ? null : { accessToken: userId ?? '', refreshToken: '' });
// @ts-expect-error: a dead letter has a reason
export const dead: SinkFunction = () => ({ outcome: 'dead' });

// @ts-expect-error: a request has a message
void (() => new Turns(client).start({ userId: 'u' }));

// The names that programs for the `openai` package have, under the class.
export function named(messages: OpenAI.Chat.ChatCompletionMessageParam[], options: OpenAI.RequestOptions): OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming {
  const whole: OpenAI.ChatCompletionCreateParamsNonStreaming = { model: 'm', messages };
  void client.chat.completions.create(whole, options);
  return { ...whole, stream: true };
}
export const delta: OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta = { content: 'c' };
export const call: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall = { index: 0, function: { arguments: '' } };
export const usage: OpenAI.CompletionUsage | undefined = undefined;
export const listed: OpenAI.Models.Model[] = [];
export const chat: OpenAI.Chat = client.chat;

/** Words that nobody listed are read too. */
export const why = (completion: OpenAI.ChatCompletion): boolean => completion.choices[0]?.finish_reason === 'a_new_word';

export const limited = new OpenAI({
  baseURL: 'http://127.0.0.1:1/v1',
  apiKey: async () => 'k',
  organization: null,
  limits: { event: 1024, reply: Infinity },
  defaultHeaders: { 'x-list': ['a', 1], 'x-flag': true, 'x-none': null },
});
export const settings: [string, number, number, string | null] = [limited.baseURL, limited.timeout, limited.maxRetries, limited.apiKey];

export class Own extends OpenAI {
  readonly mine = 1;
}
export const mine: number = new Own({ apiKey: 'k' }).withOptions({ timeout: 1 }).mine;

/** Speech. */
export async function speech(client: OpenAI, signal: AbortSignal): Promise<number> {
  const speakers: Speaker[] = [new GoogleTranslateSpeaker('ko', { slow: true }), new OpenAISpeaker({ client, voice: { id: 'v' } }), new ServiceSpeaker('http://localhost')];
  const own = new Speech(async ({ text }) => ({ audio: new TextEncoder().encode(text), mediaType: 'audio/pcm' }), { inFlight: 3, onFailure: 'stop' });
  const spoken = own.speak(await client.chat.completions.create({ model: 'm', messages: [], stream: true }), { signal });
  let size = (await speakers[0]!.speak('a', { voice: 'b', signal })).byteLength;
  for await (const { seq, text, mime, audio } of spoken) size += seq + text.length + mime.length + audio.byteLength;
  const failed: string[] = spoken.failures.map(({ text, error }) => `${text}: ${error.message}`);
  const body: ReadableStream<Uint8Array> = own.speak(['a', 'b']).joined();
  const response: Response = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'a' }, { signal });
  const sentences: string[] = new SentenceCutter({ longest: 100 }).push('a');
  return size + failed.length + sentences.length + (await own.speak('a').writeToFile('b')) + (await response.arrayBuffer()).byteLength + (body.locked ? 1 : 0);
}

/** Web servers. */
export const plain = chatHandler(new Turns(client), { authenticate: (request) => request.headers.get('x-user') });
export const ofNext: (request: Request, context: { params: Promise<object> }) => Promise<Response> = plain;
type WithUser = http.IncomingMessage & { user?: { id: string } };
export const ofNode = chatHandler(new Turns(client), { authenticate: async (_, incoming: WithUser) => incoming.user?.id });
export const ofExpress = chatHandler(new Turns(client), { authenticate: (_, request: express.Request) => request.get('x-user') });
export function serve(): void {
  http.createServer(nodeHandler(plain));
  https.createServer({}, nodeHandler(plain));
  http2.createServer(nodeHandler(plain));
  http2.createSecureServer({}, nodeHandler(plain));
  http.createServer(nodeHandler(ofNode));
  http.createServer(nodeHandler(chatHandler(new Turns(client), { authenticate: (_, incoming: WithUser) => incoming.user?.id })));
  // As the README has it.
  const readme = chatHandler(new Turns(client), { authenticate: (_, { user }) => user?.id });
  http.createServer(nodeHandler(readme));
  http.createServer(nodeHandler(chatHandler(new Turns(client), { authenticate: (_, { user }) => user?.id })));
  express().use(nodeHandler(plain)).all('/chat{/*route}', nodeHandler(ofExpress)).use('/api', nodeHandler(chatHandler(new Turns(client), { authenticate: (_, { user }) => user?.id })));
}
// @ts-expect-error: its authenticate reads the request of Node
void (() => ofNode(new Request('http://localhost')));
export async function piped(a: http.ServerResponse, b: http2.Http2ServerResponse, c: express.Response): Promise<void> {
  const turns = new Turns(client);
  for (const response of [a, b, c]) await turns.start({ message: 'm' }).pipe(response, { wire: 'ui' });
  await turns.start({ message: 'm' }).pipe(a);
  await turns.start({ message: 'm' }).pipe(b);
  await turns.start({ message: 'm' }).pipe(c);
}
// @ts-expect-error: a response, and not any stream
void (() => new Turns(client).start({ message: 'm' }).pipe(process.stdout));

export async function faked(): Promise<FakeRequest[]> {
  await using llm = new FakeLlm();
  using store = new FakeStore();
  llm.reply('a', 'b', { delay: 20 });
  llm.fail(429, 'slow down', { 'retry-after': '1' });
  const reply: FakeReply = { waitMsBeforeHeaders: 5, steps: [{ text: 'a' }, { drip: { text: 'b', waitMs: 1 } }, { stall: true }] };
  llm.script([reply, { status: 500 }], 'model');
  const { accessToken, refreshToken }: FakeLogin = store.login('user', { accessLife: 1000 });
  console.log(accessToken, refreshToken, store.messages(store.addWorkspace('user')));
  // @ts-expect-error: no such step
  llm.script({ steps: [{ txet: 'a' }] });
  return llm.waitFor((requests) => requests[0]?.outcome === 'client_closed', { timeout: 100 });
}
