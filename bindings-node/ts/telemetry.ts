/**
 * The program's OpenTelemetry: a span of it for each call or turn, and the spans and metrics below that when it has ended.
 *
 * Its API registers itself under a global symbol once a program configures it, so nothing is imported.
 */

import { setImmediate } from 'node:timers';

import { ActiveCall } from './active-call.js';
import { atLast, PATIENCE } from './exit.js';
import { native, type Trace } from './native.js';

/** The parts of `@opentelemetry/api` that are used here. */
interface Api {
  trace?: { getTracer(name: string): Tracer };
  metrics?: { getMeter(name: string): Meter };
  context?: { active(): Context; with<T>(context: Context, act: () => T): T };
}

interface Tracer {
  startSpan(name: string, options: { kind?: number; attributes?: object; startTime?: Moment }, context?: Context): Span;
}

interface Meter {
  createHistogram(name: string, options: object): { record(value: number, attributes: object, context?: Context): void };
}

interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

interface Span {
  spanContext(): { traceId: string; spanId: string; traceFlags: number; traceState?: { serialize(): string } };
  isRecording(): boolean;
  updateName(name: string): unknown;
  setAttributes(attributes: object): unknown;
  setStatus(status: { code: number }): unknown;
  end(time: Moment): void;
}

/** Seconds and nanoseconds since 1970. */
type Moment = [number, number];
type Attributes = Record<string, string | number | boolean | string[]>;

/** The finished spans and metrics, as core writes them. */
interface Report {
  name: string | null;
  end: Moment;
  attributes: Attributes;
  spans: { name: string; is_client: boolean; start: Moment; end: Moment; parent: number | null; attributes: Attributes }[];
  metrics: { name: string; unit: string; buckets: number[]; value: number; attributes: Attributes }[];
}

const INTERNAL = 0;
const CLIENT = 2;
const ERROR = 2;

/** The key of the span in a context. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const NO_TRACE = '0'.repeat(32);

/** Tests may put timers of their own in its place. */
const soon = setImmediate;

/** A context of its own, for programs without a context manager. */
class Contexts implements Context {
  constructor(readonly values: ReadonlyMap<symbol, unknown> = new Map()) {}

  getValue(key: symbol): unknown {
    return this.values.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new Contexts(new Map(this.values).set(key, value));
  }

  deleteValue(key: symbol): Context {
    const values = new Map(this.values);
    values.delete(key);
    return new Contexts(values);
  }
}

/** A span of the program that waits for its report. */
interface Begun {
  api: Api;
  tracer: Tracer | undefined;
  span: Span | undefined;
  context: Context;
}

const begun = new Map<number, Begun>();
let last = 0;
let traces: InstanceType<typeof native.Traces> | undefined;

/** The trace of a call of this model; nothing where the program has no OpenTelemetry. */
export function callTrace(model: unknown): Trace | undefined {
  const api = opentelemetry();
  if (!api) return undefined;
  const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': String(model) };
  return begin(api, `chat ${String(model)}`, CLIENT, attributes)[1];
}

/** The trace of a turn, and the result of `act`, for which its span is the current one. */
export function turnTrace<T>(act: () => T): [result: T, trace: Trace | undefined] {
  const api = opentelemetry();
  if (!api) return [act(), undefined];
  const attributes = { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': 'turn' };
  const [context, trace] = begin(api, 'invoke_workflow turn', INTERNAL, attributes);
  return [api.context ? api.context.with(context, act) : act(), trace];
}

/** The value, once the spans and metrics that were finished before it are in the program's API. */
export async function reported<T>(value: Promise<T>): Promise<T> {
  try {
    return await value;
  } finally {
    // Reports come on a way of their own. The next immediate may run before the event loop polls, the one after it cannot.
    if (traces) await new Promise((resolve) => soon(() => soon(resolve)));
  }
}

function opentelemetry(): Api | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')] as Api | undefined;
}

function begin(api: Api, name: string, kind: number, attributes: object): [Context, Trace] {
  if (!traces) {
    traces = new native.Traces((reports) => reports.forEach(([number, json]) => report(number, JSON.parse(json) as Report)));
    atLast(endTraces);
  }
  const active = api.context?.active() ?? new Contexts();
  const tracer = api.trace?.getTracer('turnwire');
  let span: Span | undefined;
  try {
    span = tracer?.startSpan(name, { kind, attributes }, active);
  } catch (error) {
    warn(error);
  }
  const context = span ? active.setValue(SPAN, span) : active;
  last = (last + 1) >>> 0;
  begun.set(last, { api, tracer, span, context });
  return [context, traces.begin(last, ...headersOf(span))];
}

/** The values of `traceparent` and `tracestate`. */
function headersOf(span: Span | undefined): [string, string] {
  const { traceId, spanId, traceFlags, traceState } = span?.spanContext() ?? { traceId: NO_TRACE, spanId: '', traceFlags: 0 };
  if (traceId === NO_TRACE) return ['', ''];
  return [`00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`, traceState?.serialize() ?? ''];
}

/** Ends a span, and makes those below it, with the metrics of both. */
function report(number: number, { name, end, attributes, spans, metrics }: Report): void {
  const found = begun.get(number);
  begun.delete(number);
  if (!found) return;
  const { api, tracer, span, context } = found;
  let failure: { error: unknown } | undefined;
  const attempt = (act: () => void) => {
    try {
      act();
    } catch (error) {
      failure ??= { error };
    }
  };
  if (tracer && span?.isRecording()) {
    attempt(() => {
      if (name !== null) span.updateName(name);
      describe(span, attributes);
    });
    const below: Context[] = [];
    for (const each of spans) {
      const parent = (each.parent === null ? undefined : below[each.parent]) ?? context;
      let within = parent;
      attempt(() => {
        const child = tracer.startSpan(each.name, { kind: each.is_client ? CLIENT : INTERNAL, startTime: each.start }, parent);
        within = parent.setValue(SPAN, child);
        describe(child, each.attributes);
        child.end(each.end);
      });
      below.push(within);
    }
  }
  attempt(() => span?.end(end));
  attempt(() => {
    const meter = api.metrics?.getMeter('turnwire');
    for (const { name, unit, buckets, value, attributes } of metrics) {
      // A meter returns the same instrument for the same name.
      meter?.createHistogram(name, { unit, advice: { explicitBucketBoundaries: buckets } }).record(value, attributes, context);
    }
  });
  if (failure) warn(failure.error);
}

/** A processor or an exporter of the program threw: that ends no call, and no process. */
function warn(error: unknown): void {
  process.emitWarning(`turnwire: the OpenTelemetry of this program failed to take spans or metrics: ${String(error)}`);
}

function describe(span: Span, attributes: Attributes): void {
  span.setAttributes(attributes);
  if ('error.type' in attributes) span.setStatus({ code: ERROR });
}

/** Hands over the spans of what still runs as the process ends. */
function endTraces(): void {
  if (begun.size > 0) new ActiveCall(() => native.endTraces(PATIENCE)).value().catch(() => {});
}
