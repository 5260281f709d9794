import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClusterClock, clusterClockGrainMs } from '../../src/cluster-clock.ts';

const nodeCount = 3;

describe('Cluster time', () => {
  it('never decreases, and never runs ahead of true time, whoever leads and whoever is restarted (CLOCK-1, CLOCK-2)', () => {
    const step = fc.record({
      passes: fc.double({ min: 0, max: 5000, noNaN: true }),
      what: fc.constantFrom('stamp', 'stamp', 'lead', 'restart', 'apply'),
      node: fc.nat(nodeCount - 1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        let trueMs = 0;
        // Their clocks show what they like.
        const offsets = [0, -4_000_000, 123_456.789];
        const clocks = Array.from({ length: nodeCount }, () => new ClusterClock());
        const appliedThrough = [0, 0, 0];
        const log: { readonly timeMs: number; readonly trueMs: number }[] = [];
        const now = (node: number): number => trueMs + (offsets[node] ?? 0);
        const apply = (node: number): void => {
          for (const { timeMs } of log.slice(appliedThrough[node]))
            clocks[node]?.applied(timeMs, now(node));
          appliedThrough[node] = log.length;
        };
        let leader: number | undefined;
        for (const { passes, what, node } of steps) {
          trueMs += passes;
          if (what === 'restart') {
            clocks[node] = new ClusterClock();
            clocks[node].applied(0, now(node));
            appliedThrough[node] = 0;
            if (leader === node) leader = undefined;
          } else if (what === 'apply') apply(node);
          else if (what === 'lead') {
            apply(node);
            clocks[node]?.lead();
            leader = node;
          } else if (leader !== undefined) {
            const timeMs = clocks[leader]?.read(now(leader)) ?? 0;
            for (const before of log) {
              assert.ok(timeMs >= before.timeMs, 'CLOCK-1');
              const passedMs = trueMs - before.trueMs;
              // What adding large and small numbers loses is not meant.
              assert.ok(timeMs - before.timeMs <= passedMs + clusterClockGrainMs + 1e-6, 'CLOCK-2');
            }
            log.push({ timeMs, trueMs });
            apply(leader);
          }
        }
      }),
    );
  });

  it('goes on from when the last of several entries of one time was applied (CLOCK-2)', () => {
    const clock = new ClusterClock();
    clock.applied(0, 50);
    clock.applied(1000, 1050);
    // Stamped in the same millisecond, and applied late.
    clock.applied(1000, 4050);
    clock.lead();
    assert.equal(clock.read(4060), 1010);
  });

  it('goes on while nothing is logged, from one leader to the next (CLOCK-3)', () => {
    const [first, second] = [new ClusterClock(), new ClusterClock()];
    first.applied(0, 50);
    second.applied(0, 7000);
    first.lead();
    const time = first.read(1050);
    assert.equal(time, 1000);
    first.applied(time, 1050);
    second.applied(time, 8000);
    second.lead();
    assert.equal(second.read(11_000), 4000);
  });
});
