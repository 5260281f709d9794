import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId, Status } from '@holdfast/raft';
import { systemClock } from '../../src/clock.ts';
import { MembershipView } from '../../src/membership-view.ts';

const [n1, n2, n7] = ['n1', 'n2', 'n7'] as MemberId[] as [MemberId, MemberId, MemberId];

function viewOf(toldOf: readonly string[] = []): {
  view: MembershipView;
  wait: (durationMs: number) => void;
} {
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const view = new MembershipView({
    clock,
    toldOf,
    initialMembers: [n1, n2],
    longestSilenceMs: 1000,
    wasNamed: false,
  });
  return {
    view,
    wait: (durationMs) => {
      nowMs += durationMs;
    },
  };
}

const statusOf = (ids: readonly MemberId[], leader: MemberId | null, term = 1): Status => ({
  id: n1,
  role: 'follower',
  term,
  leader,
  commit: 0,
  applied: 0,
  lastIndex: 0,
  firstIndex: 1,
  membershipIndex: 1,
  membership: { members: ids.map((id) => ({ id, address: 'h:1', role: 'voter' })) },
  ready: false,
  progress: [],
});

describe('What a node knows of who takes part', () => {
  it('is whom its log names, and named before the last change (VIEW-1)', () => {
    const { view } = viewOf();
    view.update(statusOf([n1, n2], n1, 4));
    assert.equal(view.term(), 4);
    assert.ok(view.isKnownMember(n2) && !view.isKnownMember(n7));
    view.update(statusOf([n1, n7], n1));
    assert.ok(view.isKnownMember(n2) && view.isKnownMember(n7));
    view.update(statusOf([n1], n1));
    assert.ok(!view.isKnownMember(n2) && view.isKnownMember(n7));
  });

  it('is what a node that joins was told, as long as its log catches up (VIEW-2)', () => {
    const { view } = viewOf(['n2']);
    view.update(statusOf([], null));
    assert.ok(view.isJoining() && view.isKnownMember(n2));
    view.update(statusOf([n1], null));
    assert.ok(!view.isJoining() && view.isKnownMember(n2));
  });

  it('lets one lead that no log names when the node joins (VIEW-3)', () => {
    const { view } = viewOf();
    view.update(statusOf([], null));
    assert.ok(view.mayBeLedBy(n7));
  });

  it('lets one lead that the log does not name only when no leader was heard for long (VIEW-3)', () => {
    const { view, wait } = viewOf();
    view.update(statusOf([n1, n2], n2));
    wait(5000);
    assert.equal(view.mayBeLedBy(n7), false);
    view.update(statusOf([n1, n2], null));
    wait(999);
    view.update(statusOf([n1, n2], null, 2));
    assert.equal(view.mayBeLedBy(n7), false);
    wait(1);
    assert.ok(view.mayBeLedBy(n7));
    // And the one that leads goes on.
    view.update(statusOf([n1, n2], n7));
    assert.ok(view.mayBeLedBy(n7));
    assert.equal(view.mayBeLedBy('n8' as MemberId), false);
  });

  it('is what it was first started with, until its log names others (VIEW-4)', () => {
    const { view } = viewOf();
    assert.equal(view.namesOthers(), false);
    view.update(statusOf([n2, n1], null));
    assert.equal(view.namesOthers(), false);
    view.update(statusOf([n1, n2, n7], null));
    assert.equal(view.namesOthers(), true);
  });

  it('remembers that its log has named it', () => {
    const { view } = viewOf();
    view.update(statusOf([n2], null));
    assert.equal(view.wasNamed(), false);
    view.update(statusOf([n1, n2], null));
    view.update(statusOf([n2], null));
    assert.equal(view.wasNamed(), true);
  });
});
