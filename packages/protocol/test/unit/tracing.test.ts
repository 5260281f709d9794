import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { traceContextOf } from '@holdfast/protocol';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('The context of a trace, as it comes from outside (TRACE-1)', () => {
  it('is a traceparent, and a tracestate where there is one', () => {
    assert.deepEqual(traceContextOf({ traceparent, host: 'x' }), { traceparent });
    assert.deepEqual(traceContextOf({ traceparent, tracestate: 'a=1' }), {
      traceparent,
      tracestate: 'a=1',
    });
    const later = `01${traceparent.slice(2)}-more`;
    assert.deepEqual(traceContextOf({ traceparent: later }), { traceparent: later });
  });

  it('is nothing where it is wrong', () => {
    for (const wrong of [
      undefined,
      7,
      '',
      traceparent.toUpperCase(),
      `${traceparent}-more`,
      `ff${traceparent.slice(2)}`,
      traceparent.replace(/0af\w+/, '0'.repeat(32)),
      traceparent.replace(/b7a\w+/, '0'.repeat(16)),
      `01${traceparent.slice(2)}-${'x'.repeat(10_000)}`,
    ])
      assert.equal(traceContextOf({ traceparent: wrong }), undefined, String(wrong));
  });

  it('has no tracestate that is too long', () => {
    assert.deepEqual(traceContextOf({ traceparent, tracestate: 'x'.repeat(513) }), { traceparent });
  });
});
