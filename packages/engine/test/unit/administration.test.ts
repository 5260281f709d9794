import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId, MembershipChange } from '@holdfast/raft';
import { Administration } from '../../src/administration.ts';
import type { AdministrativeCall } from '../../src/administration.ts';
import { Interrupted } from '../../src/interrupted.ts';
import type { LeaderRoute } from '../../src/leader-route.ts';
import type { Replica } from '../../src/replica.ts';
import { silentLog } from '../cluster.ts';
import { StillClock } from './still-clock.ts';

const logged: object[] = [];

/** Proposes at index 5 in term 3; the test decides what is found there when it has been applied. */
function propose(foundTerm: number | undefined): Promise<string | null> {
  const members = ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1`, role: 'voter' }));
  const administration = new Administration({
    nodeId: 'a' as MemberId,
    clock: new StillClock(),
    log: { ...silentLog, info: (fields) => logged.push(fields) },
    // What a change needs of them, and no more.
    replica: {
      status: () => ({ membership: { members }, membershipIndex: 2, applied: 7 }),
      changeMembership: () => ({ ok: true, index: 5, term: 3 }),
      termAt: () => foundTerm,
    } as unknown as Replica,
    route: {} as unknown as LeaderRoute,
    reachable: true,
  });
  return administration.execute({ type: 'remove_member', id: 'c', identity: 'ann' }, 10_000);
}

describe('A change of the members', () => {
  it('is done when its very entry has been applied', async () => {
    assert.equal(await propose(3), null);
  });

  it('is logged by the leader with who asked for it', async () => {
    logged.length = 0;
    await propose(3);
    assert.deepEqual(logged, [{ identity: 'ann', change: 'remove_member', target: 'c' }]);
  });

  it("is not done when another leader's entry took its place: it is tried again with that one", async () => {
    await assert.rejects(propose(4), (error) => error instanceof Interrupted && !error.begun);
  });

  it('is of unknown outcome when its place is behind a snapshot already', async () => {
    await assert.rejects(
      propose(undefined),
      (error) => error instanceof HoldfastError && error.code === 'outcome_unknown',
    );
  });
});

/** Each pause is over at once. */
class AtOnceClock extends StillClock {
  override after(_delayMs: number, work: () => void): () => void {
    queueMicrotask(work);
    return () => undefined;
  }
}

interface Look {
  readonly members: readonly { readonly id: string; readonly role: 'voter' | 'learner' }[];
  /** Those are in the log up to 7, and applied up to here. */
  readonly applied: number;
  /** Of `b`, where it is not one that has the log and answers. */
  readonly progress?: { readonly matchIndex: number; readonly silentTicks: number };
}

/** Asks for a change of what is seen there, first this, then that. */
function ask(
  call: Pick<AdministrativeCall & { type: 'remove_member' }, 'id' | 'repeated'> & {
    readonly type: 'add_member' | 'promote_member' | 'remove_member';
  },
  ...looks: readonly Look[]
): { readonly outcome: Promise<string | null>; readonly proposed: MembershipChange[] } {
  const proposed: MembershipChange[] = [];
  const clock = new AtOnceClock();
  const left = [...looks];
  const administration = new Administration({
    nodeId: 'a' as MemberId,
    clock,
    log: silentLog,
    replica: {
      status: () => {
        const look = (left.length > 1 ? left.shift() : left[0]) ?? assert.fail();
        const members = look.members.map((member) => ({ ...member, address: `${member.id}:1` }));
        const progress = [{ id: 'b', ...(look.progress ?? { matchIndex: 7, silentTicks: 3 }) }];
        return { membership: { members }, membershipIndex: 7, applied: look.applied, progress };
      },
      changeMembership: (change: MembershipChange) => {
        proposed.push(change);
        return { ok: true, index: 7, term: 3 };
      },
      termAt: () => 3,
    } as unknown as Replica,
    route: {} as unknown as LeaderRoute,
    reachable: true,
  });
  const asked = { ...call, peerAddress: `${call.id}:1`, identity: 'ann' } as AdministrativeCall;
  return { outcome: administration.execute(asked, 10_000), proposed };
}

const two: Look = {
  members: [
    { id: 'a', role: 'voter' },
    { id: 'b', role: 'learner' },
  ],
  applied: 7,
};
const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;

describe('A change of the members that may have been executed already', () => {
  it('is done where the member is gone, is one, or votes (MEMBERS-1)', async () => {
    const voting: Look = { members: [{ id: 'b', role: 'voter' }], applied: 7 };
    for (const [type, id, look] of [
      ['remove_member', 'c', two],
      ['add_member', 'b', two],
      ['promote_member', 'b', voting],
    ] as const) {
      const { outcome, proposed } = ask({ type, id, repeated: true }, look);
      await assert.doesNotReject(outcome, type);
      assert.equal(await outcome, null);
      assert.deepEqual(proposed, []);
    }
  });

  it('is executed where it was not, but an id is not added twice', async () => {
    const removal = ask({ type: 'remove_member', id: 'b', repeated: true }, two);
    await removal.outcome;
    assert.deepEqual(removal.proposed, [{ type: 'remove', id: 'b' }]);
    const addition = ask({ type: 'add_member', id: 'c', repeated: true }, two);
    await assert.rejects(addition.outcome, isCode('outcome_unknown'));
  });

  it('is refused where it is asked for the first time', async () => {
    await assert.rejects(
      ask({ type: 'remove_member', id: 'c' }, two).outcome,
      isCode('member_not_found'),
    );
    await assert.rejects(
      ask({ type: 'add_member', id: 'b' }, two).outcome,
      isCode('member_exists'),
    );
    await assert.rejects(
      ask({ type: 'promote_member', id: 'c' }, two).outcome,
      isCode('member_not_found'),
    );
  });

  it('is judged by members that are committed (MEMBERS-2)', async () => {
    const uncommitted: Look = { members: [{ id: 'a', role: 'voter' }], applied: 6 };
    const { outcome, proposed } = ask(
      { type: 'remove_member', id: 'b', repeated: true },
      uncommitted,
      two,
    );
    await outcome;
    assert.deepEqual(proposed, [{ type: 'remove', id: 'b' }]);
  });
});

describe('A learner', () => {
  it('gets its vote when it is asked for', async () => {
    const { outcome, proposed } = ask({ type: 'promote_member', id: 'b' }, two);
    assert.equal(await outcome, null);
    assert.deepEqual(proposed, [{ type: 'promote', id: 'b' }]);
  });

  it('gets none, also where it is asked for, before it has the log, or while it is silent (PROMOTE-1)', async () => {
    for (const progress of [
      { matchIndex: 0, silentTicks: 0 },
      { matchIndex: 7, silentTicks: 51 },
    ]) {
      const { outcome, proposed } = ask({ type: 'promote_member', id: 'b' }, { ...two, progress });
      await assert.rejects(outcome, isCode('learner_not_ready'));
      assert.deepEqual(proposed, []);
    }
  });
});

describe('A learner that nobody asks about', () => {
  /** What is proposed for a learner of this progress, in a log of five entries. */
  function promoted(matchIndex: number, silentTicks: number): readonly object[] {
    const proposed: object[] = [];
    const members = [
      { id: 'a', address: 'a:1', role: 'voter' },
      { id: 'd', address: 'd:1', role: 'learner' },
    ];
    const progress = [{ id: 'd', matchIndex, silentTicks, state: 'probe' }];
    const administration = new Administration({
      nodeId: 'a' as MemberId,
      clock: new StillClock(),
      log: silentLog,
      replica: {
        status: () => ({ membership: { members }, progress, lastIndex: 5 }),
        changeMembership: (change: object) => {
          proposed.push(change);
          return { ok: true, index: 6, term: 3 };
        },
      } as unknown as Replica,
      route: {} as unknown as LeaderRoute,
      reachable: true,
    });
    for (let tick = 0; tick < 10; tick++) administration.onTick();
    return proposed;
  }

  it('gets its vote when it has caught up and answers (PROMOTE-1)', () => {
    assert.deepEqual(promoted(4, 3), [{ type: 'promote', id: 'd' }]);
  });

  it('gets none before it has stored anything, however short the log is (PROMOTE-1)', () => {
    assert.deepEqual(promoted(0, 0), []);
  });

  it('gets none while it does not answer (PROMOTE-1)', () => {
    assert.deepEqual(promoted(4, 51), []);
  });
});

describe('A transfer of leadership', () => {
  /** To `b`, which has been silent for so long; what is seen of it afterwards, first this, then that. */
  function transfer(
    silentTicks: number,
    deadlineMs: number,
    ...looks: readonly {
      readonly role: string;
      readonly leader: string | null;
      readonly ready: boolean;
    }[]
  ): { readonly outcome: Promise<string | null>; readonly begun: (string | null)[] } {
    const begun: (string | null)[] = [];
    const left = [...looks];
    const members = ['a', 'b'].map((id) => ({ id, address: `${id}:1`, role: 'voter' }));
    const progress = [{ id: 'b', matchIndex: 7, silentTicks }];
    const administration = new Administration({
      nodeId: 'a' as MemberId,
      clock: new StillClock(),
      log: silentLog,
      replica: {
        status: () => ({
          membership: { members },
          progress,
          ...(begun.length > 0 && left.shift()),
        }),
        transferLeadership: (to: string | null) => {
          begun.push(to);
          return { ok: true, index: 7, term: 3 };
        },
      } as unknown as Replica,
      route: { changeOrPause: () => Promise.resolve() } as unknown as LeaderRoute,
      reachable: true,
    });
    const call = { type: 'transfer', to: 'b', identity: 'ann' } as const;
    return { outcome: administration.execute(call, deadlineMs), begun };
  }
  const laterMs = 10_000;
  const underWay = { role: 'leader', leader: 'a', ready: false };

  it('ends with the new leader', async () => {
    const done = { role: 'follower', leader: 'b', ready: false };
    const { outcome, begun } = transfer(3, laterMs, underWay, done);
    assert.equal(await outcome, 'b');
    assert.deepEqual(begun, ['b']);
  });

  it('is refused at once where the member does not answer: writes would wait for it (TRANSFER-1)', async () => {
    const { outcome, begun } = transfer(51, laterMs);
    await assert.rejects(outcome, isCode('invalid_request'));
    assert.deepEqual(begun, []);
  });

  it('that did not succeed in time is told as that, and is not begun again (TRANSFER-1)', async () => {
    const { outcome, begun } = transfer(3, laterMs, underWay, { ...underWay, ready: true });
    await assert.rejects(outcome, {
      // Not as a cluster without a majority: it has one
      code: 'leadership_not_transferred',
      message:
        '"b" did not take leadership over in time, so "a" leads as before. See GET /cluster/status for members that do not answer, and ask again.',
    });
    assert.deepEqual(begun, ['b']);
  });

  it('does not begin after the deadline of who asks for it (TRANSFER-1)', async () => {
    const { outcome, begun } = transfer(3, new StillClock().now());
    await assert.rejects(outcome, isCode('no_quorum'));
    assert.deepEqual(begun, []);
  });
});

describe('A leader that is asked to remove itself', () => {
  const underWay = { role: 'leader', leader: 'a', ready: false };

  /** `a` leads; how far the others are, which of them answers, and what becomes of a transfer that is begun. */
  function removeItself(
    progress: readonly {
      readonly id: string;
      readonly matchIndex: number;
      readonly silentTicks: number;
    }[],
    ...looks: readonly (typeof underWay)[]
  ): {
    readonly outcome: Promise<string | null>;
    readonly begun: (string | null)[];
    readonly proposed: MembershipChange[];
  } {
    const begun: (string | null)[] = [];
    const proposed: MembershipChange[] = [];
    const left = [...looks];
    const members = [
      ...['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1`, role: 'voter' })),
      { id: 'd', address: 'd:1', role: 'learner' },
    ];
    const administration = new Administration({
      nodeId: 'a' as MemberId,
      clock: new AtOnceClock(),
      log: silentLog,
      replica: {
        status: () => ({
          membership: { members },
          membershipIndex: 7,
          applied: 7,
          progress,
          ...(begun.length > 0 && left.shift()),
        }),
        transferLeadership: (to: string | null) => {
          begun.push(to);
          return { ok: true, index: 7, term: 3 };
        },
        changeMembership: (change: MembershipChange) => {
          proposed.push(change);
          return { ok: true, index: 7, term: 3 };
        },
        termAt: () => 3,
      } as unknown as Replica,
      route: { changeOrPause: () => Promise.resolve() } as unknown as LeaderRoute,
      reachable: true,
    });
    const call = { type: 'remove_member', id: 'a', identity: 'ann' } as const;
    return { outcome: administration.execute(call, 10_000), begun, proposed };
  }
  const both = [
    { id: 'b', matchIndex: 6, silentTicks: 3 },
    { id: 'c', matchIndex: 7, silentTicks: 3 },
    { id: 'd', matchIndex: 8, silentTicks: 0 },
  ];

  it('transfers leadership to the voter that has most of the log, and the next leader is asked (MEMBERS-3)', async () => {
    const done = { role: 'follower', leader: 'c', ready: false };
    const { outcome, begun, proposed } = removeItself(both, underWay, done);
    await assert.rejects(outcome, (error) => error instanceof Interrupted && !error.begun);
    assert.deepEqual(begun, ['c']);
    assert.deepEqual(proposed, [], 'nothing was done by this one');
  });

  it('removes itself where nobody took leadership over in time (MEMBERS-3)', async () => {
    const { outcome, begun, proposed } = removeItself(both, underWay, { ...underWay, ready: true });
    assert.equal(await outcome, null);
    assert.deepEqual(begun, ['c']);
    assert.deepEqual(proposed, [{ type: 'remove', id: 'a' }]);
  });

  it('keeps leadership where too few of the others answer: its removal is refused (MEMBERS-3)', async () => {
    const [b, c, d] = both;
    assert.ok(b !== undefined && c !== undefined && d !== undefined);
    const { outcome, begun, proposed } = removeItself([b, { ...c, silentTicks: 51 }, d]);
    await outcome; // The core refuses it, which this one does not.
    assert.deepEqual(begun, []);
    assert.deepEqual(proposed, [{ type: 'remove', id: 'a' }]);
  });
});
