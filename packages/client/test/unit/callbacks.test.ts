/** Functions of the program that the client calls, and that fail. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { safeTracing, safeWarnings } from '../../src/callbacks.ts';
import { Client } from '../../src/client.ts';
import type { ClientOptions } from '../../src/client.ts';
import type { ClientTracing } from '../../src/tracing.ts';
import { clusterOf, environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const failing = (): never => {
  throw new Error('of the program');
};
/** A program may give a promise, whatever the type says. */
const failingLater: () => unknown = () => Promise.reject(new Error('of the program'));
const context = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };

/** A client of one node takes its lock and gives it back. */
const usesLock = (...use: Parameters<typeof useLock>): Promise<void> =>
  assert.doesNotReject(() => useLock(...use));

async function useLock(
  options: Partial<ClientOptions>,
  prepare: (node: VirtualNode) => void = () => undefined,
): Promise<void> {
  const clock = new VirtualClock();
  const node = new VirtualNode(clock, 'a');
  prepare(node);
  const client = new Client(
    { endpoints: [node.url], timeoutMs: 2000, ...options },
    environmentOf(clock, [node]),
  );
  const session = await clock.settled(client.session());
  const hold = await clock.settled(session.lock('x'));
  assert.deepEqual(session.holds, [hold]);
  await clock.settled(hold.release());
  await clock.settled(client.close());
}

describe('A function of the program that fails (CALLBACK-1)', () => {
  const warnings: Readonly<Record<string, NonNullable<ClientOptions['onWarning']>>> = {
    throws: failing,
    'gives a promise that is rejected': failingLater,
  };
  for (const [how, onWarning] of Object.entries(warnings)) {
    it(`costs no grant where onWarning ${how}, and the counts of a hold differ`, async () => {
      await usesLock({ onWarning }, (node) => {
        node.handle = (asked) => {
          if (asked.operation !== 'acquire') return node.serve(asked);
          return asked.answer({ resource: 'x', fence_token: 1, mode: 'exclusive', hold_count: 2 });
        };
      });
    });

    it(`costs no call where onWarning ${how}, and a member has an address that is none`, async () => {
      await usesLock({ onWarning }, (node) => {
        const bad = new VirtualNode(new VirtualClock(), 'b');
        node.greeting = { ...clusterOf(node, node, [bad]), members: [{ node_id: 'b', url: '::' }] };
      });
    });
  }

  const tracings: Readonly<Record<string, ClientTracing>> = {
    'no span can be begun': { begin: failing },
    'no span can be ended': { begin: () => ({ context, end: failing }) },
    'the end of a span is rejected': {
      begin: () => ({ context, end: failingLater }),
    },
    'the beginning of a span is rejected': { begin: failingLater } as unknown as ClientTracing,
    'a span has no context': { begin: () => ({}) } as unknown as ClientTracing,
  };
  for (const [how, tracing] of Object.entries(tracings))
    it(`costs no call where ${how}`, () => usesLock({ tracing }));

  it('is told once, with its name', async () => {
    const told: string[] = [];
    const tell = ({ kind, message }: { readonly kind: string; readonly message: string }): void =>
      void told.push(`${kind}: ${message}`);
    const onWarning = safeWarnings(failing, tell);
    const warning = { kind: 'address_refused', nodeId: 'a', address: 'b', message: 'c' } as const;
    onWarning(warning);
    onWarning(warning);
    const tracing = safeTracing({ begin: failingLater } as unknown as ClientTracing, tell);
    assert.equal(tracing?.begin('acquire'), undefined);
    assert.equal(tracing?.begin('acquire'), undefined);
    await Promise.resolve();
    assert.equal(told.length, 2);
    assert.match(told[0] ?? '', /^callback_failed: "onWarning" .* failed: of the program\./);
    assert.match(told[1] ?? '', /^callback_failed: "tracing" .* failed: begin gave a promise/);
  });
});
