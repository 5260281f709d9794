/** The short form for the quorum lease: small enough for every run of the tests, each to the end. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leaseConfigurations } from '../../src/leases/configurations.ts';
import { LeaseModel } from '../../src/leases/lease-model.ts';
import type { LeaseConfiguration } from '../../src/leases/lease-model.ts';
import { search } from '../../src/search/breadth-first.ts';
import type { SearchResult } from '../../src/search/breadth-first.ts';

const unlimited = { maxStates: 500_000, maxDepth: 1000, maxMs: Infinity, now: () => 0 };

async function walk(configuration: LeaseConfiguration): Promise<SearchResult> {
  const found = await search(new LeaseModel(configuration), unlimited);
  assert.equal(found.broken, undefined, found.broken?.trace.join('\n'));
  assert.equal(found.ended, 'exhausted');
  return found;
}

const { leases } = leaseConfigurations;

it('lets one client at a time hold a lease while time passes and a node restarts', async () => {
  const found = await walk({
    ...leases,
    copies: 0,
    silences: 0,
    releases: 0,
    ticks: 2,
    restarts: 1,
    attempts: [1, 0],
  });
  assert.ok(found.distinct > 200, String(found.distinct));
});

it('gives rising tokens to two clients', async () => {
  const found = await walk({ ...leases, copies: 0, silences: 0, restarts: 0, ticks: 0 });
  assert.ok(found.distinct > 1000, String(found.distinct));
});

it('leaves nothing out of the image of a lease node: what looks the same does and sends the same', async () => {
  const model = new LeaseModel({ ...leases, copies: 0, silences: 0, restarts: 1, ticks: 1 });
  await search(model, unlimited);
  const compared = model.audit();
  assert.ok(compared > 100, String(compared));
});

it('begins a new cluster only with files that were all new at one moment', async () => {
  const small = { ...leaseConfigurations.founding, attempts: [0, 0], rounds: [2, 0, 0] } as const;
  const found = await walk({ ...small, losses: 2 });
  assert.ok(found.distinct > 500, String(found.distinct));
});
