/** Libraries that are given a client of `turnwire/openai`: their chat goes through turnwire, the rest through openai. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI, ChatOpenAICompletions, OpenAIEmbeddings } from '@langchain/openai';
import { tool as llamaTool } from '@llamaindex/core/tools';
import { OpenAI as LlamaOpenAI, OpenAIEmbedding } from '@llamaindex/openai';
import { Agent, OpenAIProvider, Runner, tool as agentTool } from '@openai/agents';
import { RateLimitError } from 'openai';
import { z } from 'zod';

import { chat, startFake } from './fake.mjs';
import { besideOpenAI } from './installed.mjs';

const City = z.object({ city: z.string(), people: z.number() });
const seoul = { city: '서울', people: 9_300_000 };

let fake;
let client;
before(async () => {
  const { imported } = await besideOpenAI();
  fake = await startFake();
  client = new imported.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

const whole = (message, finish_reason = 'stop') => ({
  framing: 'length',
  steps: [
    {
      json: {
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, finish_reason, message: { role: 'assistant', ...message } }],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      },
    },
  ],
});
const text = (content) => whole({ content });
const called = whole({ content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"서울"}' } }] }, 'tool_calls');
const delta = (delta, finish_reason = null) => ({ sse: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] } });
const piece = (fields) => delta({ tool_calls: [{ index: 0, ...fields }] });
/** The same call, in pieces. */
const calledInPieces = {
  steps: [
    delta({ role: 'assistant', content: null }),
    piece({ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
    piece({ function: { arguments: '{"city":' } }),
    piece({ function: { arguments: '"서울"}' } }),
    delta({}, 'tool_calls'),
    { done: true },
  ],
};
const vectors = { framing: 'length', steps: [{ json: { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [0.5, 0.25] }], usage: { prompt_tokens: 1, total_tokens: 1 } } }] };

/** Sets what a model answers, and gives its name. After the test, its requests must have come from this package. */
async function scripted(t, sender, ...scripts) {
  const model = await fake.script(scripts);
  t.after(async () => {
    const requests = await fake.requests(model);
    assert.equal(requests.length, scripts.length);
    for (const { headers, path } of requests) {
      // A mark of the openai package: its name is replaced by some libraries.
      const isOpenAI = headers.some(([name]) => name.toLowerCase() === 'x-stainless-lang');
      assert.deepEqual([isOpenAI, path], sender === 'turnwire' ? [false, '/v1/chat/completions'] : [true, '/v1/embeddings']);
    }
  });
  return model;
}

const asked = [];
const weather = async ({ city }) => {
  asked.push(city);
  return 'sunny';
};
const tool = { name: 'weather', description: 'The weather of a city', parameters: z.object({ city: z.string() }) };

describe('@openai/agents', () => {
  const run = async (settings, stream, ...given) => {
    const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: false }), tracingDisabled: true });
    return runner.run(new Agent({ name: 'a', instructions: 'i', ...settings }), 'question', { stream, ...given });
  };

  test('whole', async (t) => {
    const { finalOutput, rawResponses } = await run({ model: await scripted(t, 'turnwire', text('안녕')) });
    assert.deepEqual([finalOutput, rawResponses[0].usage.totalTokens], ['안녕', 7]);
  });

  test('streamed', async (t) => {
    const result = await run({ model: await scripted(t, 'turnwire', chat('안', '녕')) }, true);
    const pieces = [];
    for await (const piece of result.toTextStream()) pieces.push(piece);
    assert.deepEqual([pieces, result.finalOutput], [['안', '녕'], '안녕']);
  });

  test('tools, whole and streamed', async (t) => {
    const tools = [agentTool({ ...tool, execute: weather })];
    asked.length = 0;
    assert.equal((await run({ tools, model: await scripted(t, 'turnwire', called, text('맑음')) })).finalOutput, '맑음');
    const result = await run({ tools, model: await scripted(t, 'turnwire', calledInPieces, chat('맑', '음')) }, true);
    await result.completed;
    assert.deepEqual([result.finalOutput, asked], ['맑음', ['서울', '서울']]);
  });

  test('structured output, whole and streamed', async (t) => {
    const json = JSON.stringify(seoul);
    assert.deepEqual((await run({ outputType: City, model: await scripted(t, 'turnwire', text(json)) })).finalOutput, seoul);
    const result = await run({ outputType: City, model: await scripted(t, 'turnwire', chat(json.slice(0, 9), json.slice(9))) }, true);
    await result.completed;
    assert.deepEqual(result.finalOutput, seoul);
  });

  test('an error is known to it', async (t) => {
    const model = await scripted(t, 'turnwire', { status: 429, framing: 'length', steps: [{ json: { error: { message: 'slow' } } }] });
    await assert.rejects(run({ model }), (error) => error instanceof RateLimitError);
  });
});

describe('@langchain/openai', () => {
  // It makes its clients itself, when it has none.
  const llm = (model, own = client) => {
    const completions = Object.assign(new ChatOpenAICompletions({ model, apiKey: 'unused', maxRetries: 0 }), { client: own });
    return new ChatOpenAI({ model, apiKey: 'unused', completions });
  };
  const ask = [new HumanMessage('question')];

  test('whole', async (t) => {
    const { content, usage_metadata } = await llm(await scripted(t, 'turnwire', text('안녕'))).invoke(ask);
    assert.deepEqual([content, usage_metadata.total_tokens], ['안녕', 7]);
  });

  test('streamed', async (t) => {
    const pieces = [];
    for await (const { content } of await llm(await scripted(t, 'turnwire', chat('안', '녕'))).stream(ask)) pieces.push(content);
    assert.deepEqual(pieces.filter(Boolean), ['안', '녕']);
  });

  test('tools, whole and streamed', async (t) => {
    const tools = [langchainTool(weather, { name: tool.name, description: tool.description, schema: tool.parameters })];
    asked.length = 0;
    const { tool_calls } = await llm(await scripted(t, 'turnwire', called)).bindTools(tools).invoke(ask);
    assert.deepEqual(tool_calls.map(({ name, args }) => [name, args]), [['weather', { city: '서울' }]]);
    let all;
    for await (const chunk of await llm(await scripted(t, 'turnwire', calledInPieces)).bindTools(tools).stream(ask)) all = all ? all.concat(chunk) : chunk;
    assert.deepEqual(all.tool_calls.map(({ name, args }) => [name, args]), [['weather', { city: '서울' }]]);
    assert.equal((await tools[0].invoke(all.tool_calls[0])).content, 'sunny');
  });

  test('structured output, whole and streamed', async (t) => {
    const json = JSON.stringify(seoul);
    const structured = async (...scripts) => llm(await scripted(t, 'turnwire', ...scripts)).withStructuredOutput(City, { method: 'jsonSchema' });
    assert.deepEqual(await (await structured(text(json))).invoke(ask), seoul);
    let last;
    for await (const part of await (await structured(chat(json.slice(0, 9), json.slice(9)))).stream(ask)) last = part;
    assert.deepEqual(last, seoul);
  });

  test('errors are known to it', async (t) => {
    const model = await scripted(t, 'turnwire', { status: 429, framing: 'length', steps: [{ json: { error: { message: 'slow' } } }] }, { ...chat('a'), wait_ms_before_headers: 60_000 });
    await assert.rejects(llm(model).invoke(ask), { lc_error_code: 'MODEL_RATE_LIMIT' });
    await assert.rejects(llm(model, client.withOptions({ timeout: 500 })).invoke(ask), { name: 'TimeoutError' });
  });

  test('embeddings', async (t) => {
    const embeddings = new OpenAIEmbeddings({ model: await scripted(t, 'openai', vectors), apiKey: 'unused', encodingFormat: 'float' });
    embeddings.client = client;
    assert.deepEqual(await embeddings.embedQuery('a'), [0.5, 0.25]);
  });
});

describe('@llamaindex/openai', () => {
  const ask = [{ role: 'user', content: 'question' }];

  test('whole', async (t) => {
    const { message } = await new LlamaOpenAI({ model: await scripted(t, 'turnwire', text('안녕')), session: client }).chat({ messages: ask });
    assert.equal(message.content, '안녕');
  });

  test('streamed', async (t) => {
    const pieces = [];
    const stream = await new LlamaOpenAI({ model: await scripted(t, 'turnwire', chat('안', '녕')), session: client }).chat({ messages: ask, stream: true });
    for await (const { delta } of stream) pieces.push(delta);
    assert.deepEqual(pieces.filter(Boolean), ['안', '녕']);
  });

  test('tools, whole and streamed', async (t) => {
    const tools = [llamaTool({ ...tool, execute: weather })];
    const { message } = await new LlamaOpenAI({ model: await scripted(t, 'turnwire', called), session: client }).chat({ messages: ask, tools });
    assert.deepEqual(message.options.toolCall, [{ id: 'call_1', name: 'weather', input: '{"city":"서울"}' }]);
    let last;
    const stream = await new LlamaOpenAI({ model: await scripted(t, 'turnwire', calledInPieces), session: client }).chat({ messages: ask, tools, stream: true });
    for await (const { options } of stream) last = options.toolCall ?? last;
    assert.deepEqual(last, [{ id: 'call_1', name: 'weather', input: { city: '서울' } }]);
  });

  test('structured output', async (t) => {
    const llm = new LlamaOpenAI({ model: await scripted(t, 'turnwire', text(JSON.stringify(seoul))), session: client });
    const { message } = await llm.chat({ messages: ask, responseFormat: City });
    assert.deepEqual(City.parse(JSON.parse(message.content)), seoul);
  });

  test('embeddings', async (t) => {
    const embedding = new OpenAIEmbedding({ model: await scripted(t, 'openai', vectors), session: client });
    assert.deepEqual(await embedding.getTextEmbedding('a'), [0.5, 0.25]);
  });
});
