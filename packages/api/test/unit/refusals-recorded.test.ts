/** Refusals that stand in no log of the cluster: of changes of members, and of calls that come to no operation (AUDITING-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuditedRequest, NodeAuditing } from '../../src/index.ts';
import { startHarness } from '../harness.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';

function recorder(): NodeAuditing & { readonly told: AuditedRequest[] } {
  const told: AuditedRequest[] = [];
  return {
    told,
    isOn: true,
    recordsReads: false,
    cannotRecord: false,
    cannotRecordReads: false,
    tell: (request) => void told.push(request),
    status: () => ({ isFailing: false, refusesChanges: false, chains: [] }),
    checkpoint: async () => undefined,
    latest: async () => ({ records: [], isWhole: true }),
  };
}

describe('an audited node records', () => {
  test('changes of members that the cluster refuses, as what may have changed something (AUDITING-5)', async (t) => {
    const auditing = recorder();
    const { request } = startHarness(t, { auditing });
    await request('POST', '/cluster/members', { node_id: 'node-2', address: 'node-2:1' });
    await request('POST', '/cluster/members/node-9/promote', {});
    await request('DELETE', '/cluster/members/node-9');
    assert.deepEqual(
      auditing.told.map(({ operation, outcome, isRefused, changes }) => [
        operation,
        outcome,
        isRefused,
        changes,
      ]),
      [
        ['add_member', 'member_exists', true, true],
        ['promote_member', 'member_not_found', true, true],
        ['remove_member', 'member_not_found', true, true],
      ],
    );
  });

  test('calls of gRPC that are refused before their message is read', async (t) => {
    const auditing = recorder();
    const { call, read } = await startGrpcHarness(t, {
      auditing,
      limits: { maxGrpcCallsPerCaller: 1 },
    });
    // The one call that a caller may have goes on meanwhile.
    const observing = read('Elections.Observe', { name: 'e' });
    await observing.next();
    auditing.told.length = 0;
    await assert.rejects(async () => call('Locks.LockStatus', { name: 'x' }));
    assert.deepEqual(
      auditing.told.map(({ operation, outcome, isRefused }) => [operation, outcome, isRefused]),
      [['lock_status', 'limit_exceeded', true]],
    );
    observing.call.cancel();
  });
});
