/**
 * What the environment says of traces: the variables of OpenTelemetry's specification, as far as they are of use here.
 *
 * TRACES-1: nothing that they say keeps a node from starting: what is wrong or not supported is told in the log, and the
 *     node goes on without traces, or with the default.
 */
type Environment = Readonly<Record<string, string | undefined>>;

export type RootSampler = 'always_on' | 'always_off' | 'traceidratio';

export interface WantedTraces {
  readonly sampler: {
    readonly root: RootSampler;
    /** What the caller of an operation decided counts. */
    readonly parentBased: boolean;
    /** At least 0, at most 1. */
    readonly ratio: number;
  };
  /** Spans are sent after this long. */
  readonly scheduleDelayMs: number;
  /** Spans that wait to be sent; more are dropped. */
  readonly maxQueueSize: number;
  readonly serviceName: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Told {
  /** Undefined: no traces. */
  readonly wanted: WantedTraces | undefined;
  /** For the log. */
  readonly warnings: readonly string[];
}

const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
const defaultDelayMs = 5000;
const defaultQueueSize = 2048;
const mostQueued = 65_536;
const longestDelayMs = 60_000;
const mostAttributes = 32;
const longestAttribute = 256;

export function tracesWanted(environment: Environment): Told {
  const of = (name: string): string => environment[name]?.trim() ?? '';
  const exporter = of('OTEL_TRACES_EXPORTER');
  const isNamed = exporter !== '' || endpoints.some((name) => of(name) !== '');
  const isDisabled = of('OTEL_SDK_DISABLED').toLowerCase() === 'true';
  if (!isNamed || isDisabled || exporter === 'none') return { wanted: undefined, warnings: [] };
  const refused = notSupported(exporter, of);
  if (refused !== undefined) return { wanted: undefined, warnings: [refused] };
  const warnings: string[] = [];
  const warn = (name: string, used: string): void => {
    warnings.push(
      `${name} is ${JSON.stringify(of(name).slice(0, 80))}, which is not one of its values; ${used} is used.`,
    );
  };
  const whole = (name: string, fallback: number, most: number): number => {
    const value = Number(of(name));
    if (of(name) === '') return fallback;
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
    warn(name, String(fallback));
    return fallback;
  };
  return {
    wanted: {
      sampler: samplerOf(of, warn),
      scheduleDelayMs: whole('OTEL_BSP_SCHEDULE_DELAY', defaultDelayMs, longestDelayMs),
      maxQueueSize: whole('OTEL_BSP_MAX_QUEUE_SIZE', defaultQueueSize, mostQueued),
      serviceName: of('OTEL_SERVICE_NAME').slice(0, longestAttribute),
      attributes: attributesIn(of('OTEL_RESOURCE_ATTRIBUTES')),
    },
    warnings,
  };
}

/** TRACES-1. */
function notSupported(exporter: string, of: (name: string) => string): string | undefined {
  if (exporter !== '' && exporter !== 'otlp')
    return `OTEL_TRACES_EXPORTER is ${JSON.stringify(exporter.slice(0, 80))}; this node sends traces by "otlp" alone. It goes on without traces.`;
  const protocol = of('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') || of('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol === '' || protocol === 'http/json') return undefined;
  return `OTEL_EXPORTER_OTLP_PROTOCOL is ${JSON.stringify(protocol.slice(0, 80))}; this node speaks "http/json" alone, which every collector takes on its port for HTTP. It goes on without traces.`;
}

function samplerOf(
  of: (name: string) => string,
  warn: (name: string, used: string) => void,
): WantedTraces['sampler'] {
  const name = of('OTEL_TRACES_SAMPLER') || 'parentbased_always_on';
  const [, based, root] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (root === undefined) {
    warn('OTEL_TRACES_SAMPLER', 'parentbased_always_on');
    return { root: 'always_on', parentBased: true, ratio: 1 };
  }
  const told = of('OTEL_TRACES_SAMPLER_ARG');
  const ratio = told === '' ? 1 : Number(told);
  const isRatio = ratio >= 0 && ratio <= 1;
  if (!isRatio) warn('OTEL_TRACES_SAMPLER_ARG', '1');
  return {
    root: root as RootSampler, // By the expression.
    parentBased: based !== undefined,
    ratio: isRatio ? ratio : 1,
  };
}

/** `key=value,key=value`, percent-encoded. */
function attributesIn(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',', mostAttributes).flatMap((pair) => {
    const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    return key === '' ? [] : [[key.slice(0, longestAttribute), decoded(value)] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value).slice(0, longestAttribute);
  } catch {
    return value.slice(0, longestAttribute);
  }
}
