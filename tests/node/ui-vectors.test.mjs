/** The cases of turns as UI message streams of the AI SDK and as plain text: `tests/vectors/ui/turns.json`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { OpenAI, Turns } from 'turnwire';

import { startFake } from './fake.mjs';

const cases = JSON.parse(readFileSync(new URL('../vectors/ui/turns.json', import.meta.url), 'utf8'));
const FIELDS = ['name', 'settings', 'llm', 'stop_at', 'parts', 'text', 'error'];
const ids = { messageId: '0b1e55ed-0000-4000-8000-0000000000a1', replyId: '0b1e55ed-0000-4000-8000-0000000000a2' };

const fake = await startFake();
after(() => fake.close());
const client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });

for (const one of cases) {
  test(one.name, async () => {
    assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
    const script = { steps: one.llm };
    const model = await fake.script([script, script]);
    const { usage_events: usageEvents, turn_events: turnEvents } = one.settings ?? {};
    const turns = new Turns(client, { model, usageEvents, turnEvents });

    const [body, none] = await read(turns.start({ message: 'hello', ...ids }), 'uiStream', one.stop_at);
    assert.equal(none, undefined);
    const frames = body.split('\n\n');
    assert.deepEqual(frames.splice(-2), ['data: [DONE]', '']);
    const parts = frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')));
    const values = { '<message id>': ids.messageId, '<reply id>': ids.replyId, '<id>': parts[0].messageMetadata?.turnId, m: model };
    const expected = JSON.parse(JSON.stringify(one.parts), (_, value) => (Object.hasOwn(values, value) ? values[value] : value));
    assert.deepEqual(parts, expected);

    const [text, error] = await read(turns.start({ message: 'hello', ...ids }), 'textStream', one.stop_at);
    assert.equal(text, one.text);
    assert.equal(error?.errorCode, one.error);
  });
}

/** The body of a turn, and the error that ends it. */
async function read(turn, form, stopAt) {
  let text = '';
  try {
    for await (const piece of turn[form]()) {
      text += Buffer.from(piece).toString();
      if (stopAt && text.includes(stopAt)) turn.stop();
    }
  } catch (error) {
    return [text, error];
  }
  return [text];
}
