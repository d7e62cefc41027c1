/** Numbers in settings and calls, by the cases of `tests/vectors/settings`, as tests of any installed package. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const { kinds, objects, unusable } = JSON.parse(readFileSync(new URL('../vectors/settings/numbers.json', import.meta.url), 'utf8'));
const VALUES = { Infinity, '-Infinity': -Infinity, NaN, huge: 10n ** 400n };
const NOWHERE = 'http://127.0.0.1:9';
const tokens = { accessToken: 'a', refreshToken: 'r' };

const valueOf = (text) => (text in VALUES ? VALUES[text] : JSON.parse(text));
const camel = (name) => name.replaceAll(/_(\w)/g, (_, letter) => letter.toUpperCase());
const nested = (names, value) => names.reduceRight((inner, name) => ({ [name]: inner }), value);

/** Tests the settings of these objects in a package. */
export function testNumbers(turnwire, has) {
  const { ChatService, ChatStore, ConfigError, Courier, GoogleTranslateSpeaker, InvalidRequestError, NatsSink, OpenAI, OpenAISpeaker, Outbox, SentenceCutter, Speech, Turns, chatHandler } = turnwire;
  const client = (options) => new OpenAI({ apiKey: 'k', baseURL: NOWHERE, ...options });

  /** The ways in which a program gives the setting a value, and the setting's path in each. */
  function ways(of, setting) {
    const names = [...of.split('.').slice(1), ...setting.split('.')].map(camel);
    const [name] = names.slice(-1);
    const path = names.join('.');
    const speaker = new GoogleTranslateSpeaker('ko');
    const holder = of.split('.')[0];
    switch (of) {
      case 'client':
        return [[path, (value) => client(nested(names, value))]];
      case 'call': {
        const calls = [client(), new ChatStore({ baseURL: NOWHERE, ...tokens }), new ChatService({ baseURL: NOWHERE, ...tokens })];
        const [models, store, service] = calls;
        return [
          [name, (value) => models.models.list({ [name]: value })],
          [name, (value) => client({ apiKey: () => 'k' }).models.list({ [name]: value })],
          [name, (value) => store.workspaces('u', 'ACTIVE', { [name]: value })],
          [name, (value) => service.speak('a', { [name]: value })],
        ];
      }
      case 'wait':
        return [new Turns(client()), Outbox.memory()].flatMap((engine) => [
          [name, (value) => engine.flush({ [name]: value })],
          [name, (value) => engine.shutdown({ [name]: value })],
        ]);
      case 'cutter':
        return [[name, (value) => new SentenceCutter({ [name]: value })]];
      case 'turns.speech':
        return [
          [name, (value) => new Speech(speaker, { [name]: value })],
          [`speech.${name}`, (value) => new Turns(client(), { speaker, speech: { [name]: value } })],
        ];
      case 'nats':
        return [
          [name, (value) => new NatsSink('nats://localhost:9', { [name]: value })],
          [name, (value) => new Courier('nats://localhost:9', () => {}, { [name]: value })],
        ];
      case 'routes':
        return [[name, (value) => chatHandler(new Turns(client()), { authenticate: String, [name]: value })]];
      case 'speaker.openai':
        return [[`openai.${name}`, (value) => new OpenAISpeaker({ client: client(), [name]: value })]];
      case 'speech_request':
        return [[name, (value) => speaker.speak('a', { [name]: value })]];
      default:
    }
    switch (holder) {
      case 'http':
        return [
          [`http.${path}`, (value) => new ChatStore({ baseURL: NOWHERE, http: nested(names, value) })],
          [`http.${path}`, (value) => new ChatService({ baseURL: NOWHERE, http: nested(names, value) })],
        ];
      case 'turns':
        return [[path, (value) => new Turns(client(), nested(names, value))]];
      case 'outbox':
        return [
          [path, (value) => Outbox.memory(nested(names, value))],
          [`outbox.${path}`, (value) => new Turns(client(), { store: NOWHERE, outbox: nested(names, value) })],
        ];
      default:
        throw new Error(`no way to give ${of}`);
    }
  }

  /** The refusal in words; empty where the value is taken. */
  async function refusal(give, value) {
    try {
      await give(value);
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof InvalidRequestError)) throw error;
      // Between the operation with the code, and the advice.
      return error.message.split(/(?<=^[^:]*: [^:]*): /).at(-1).split(';')[0];
    }
    return '';
  }

  for (const [of, settings] of Object.entries(objects).filter(([of]) => has(of))) {
    for (const [setting, kind] of Object.entries(settings)) {
      test(`${of}: ${setting} is refused in the words of its kind`, async () => {
        const { accepts, refuses } = kinds[kind];
        const words = kinds[kind].words.replace('<unit>', 'milliseconds').replace('<none>', 'Infinity');
        for (const [path, give] of ways(of, setting)) {
          for (const text of refuses) assert.equal(await refusal(give, valueOf(text)), `${path} ${words}`, text);
          // A call that takes the value would be made.
          if (!['call', 'speech_request'].includes(of)) for (const text of accepts) assert.ok(!(await refusal(give, valueOf(text))).includes('must be'), text);
        }
      });
    }
  }

  for (const { object, setting, value, words } of unusable.filter(({ object }) => has(object))) {
    test(`${object}: ${setting} of ${value} is refused, as nothing can work with it`, async () => {
      for (const [, give] of ways(object, setting)) assert.ok((await refusal(give, valueOf(value))).includes(words));
    });
  }
}
