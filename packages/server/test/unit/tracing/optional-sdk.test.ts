/** The SDK of OpenTelemetry is read only where OTEL_* asks for traces, and a node goes on without it. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';

const read: string[] = [];
let isMissing = false;
const hooks = registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@opentelemetry/')) return next(specifier, context);
    read.push(specifier);
    if (isMissing && specifier !== '@opentelemetry/api')
      throw new Error(`Cannot find package '${specifier}'`);
    return next(specifier, context);
  },
});
after(() => hooks.deregister());
// Behind the hooks: all that a node is made of.
const { openTracing } = await import('../../../src/tracing/open-telemetry.ts');
await import('../../../src/process.ts');

const node = { nodeId: 'a', clusterId: 'shop', version: '1' };
interface Line {
  readonly level: number;
  readonly msg: string;
  readonly error?: string;
}

async function open(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly isTracing: boolean; readonly lines: readonly Line[] }> {
  const lines: Line[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const tracing = await openTracing(environment, node, log);
  await tracing?.close();
  return { isTracing: tracing !== undefined, lines };
}

describe('The SDK of OpenTelemetry', () => {
  beforeEach(() => {
    isMissing = false;
  });

  it('is not read by a node of which OTEL_* asks for no traces', async () => {
    for (const environment of [{}, { OTEL_SERVICE_NAME: 'locks' }, { OTEL_SDK_DISABLED: 'true' }]) {
      const { isTracing, lines } = await open(environment);
      assert.equal(isTracing, false);
      assert.deepEqual(lines, []);
    }
    assert.deepEqual(read, []);
  });

  it('that is not installed is told of, with what to install, and the node goes on', async () => {
    isMissing = true;
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    const { isTracing, lines } = await open(endpoint);
    assert.equal(isTracing, false);
    assert.ok(read.includes('@opentelemetry/sdk-trace'), 'it was looked for');
    assert.equal(lines.length, 1, JSON.stringify(lines));
    assert.equal(lines[0]?.level, 40, 'a warning');
    assert.match(lines[0].msg, /goes on without traces.*npm install @opentelemetry\/sdk-trace/);
    assert.match(lines[0].error ?? '', /Cannot find package/);
  });
});
