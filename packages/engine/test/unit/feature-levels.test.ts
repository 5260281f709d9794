import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Entry, MemberId, Membership, ProposeAnswer } from '@holdfast/raft';
import type { Command } from '@holdfast/state';
import { encodeBatch } from '../../src/batch.ts';
import { assertLogSupported, FeatureLevelError, LevelRaiser } from '../../src/feature-levels.ts';
import { silentLog } from '../cluster.ts';

const self = 'a' as MemberId;
const accepted: ProposeAnswer = { ok: true, index: 1, term: 1 };

/** A leader, as far as it is about levels. */
class Leader {
  supported = 2;
  inForce = 1;
  members: readonly string[] = ['a', 'b', 'c'];
  /** What each connected member has told. */
  readonly told = new Map<string, number>();
  answer = accepted;
  readonly proposed: { readonly command: Command; readonly onDone: () => void }[] = [];
  readonly raiser = new LevelRaiser({
    nodeId: self,
    log: silentLog,
    levels: () => ({ supported: this.supported, inForce: this.inForce }),
    membership: (): Membership => ({
      members: this.members.map((id) => ({
        id: id as MemberId,
        address: '',
        role: id.startsWith('l') ? 'learner' : 'voter',
      })),
    }),
    supportedBy: (peer) => this.told.get(peer),
    propose: (command, onDone) => {
      if (this.answer.ok) this.proposed.push({ command, onDone });
      return this.answer;
    },
  });

  tick(): readonly Command[] {
    this.raiser.onTick();
    return this.proposed.map(({ command }) => command);
  }
}

describe('The feature level of a cluster', () => {
  const raise = { type: 'raise_feature_level', level: 2 };

  it('is raised when every member has told that its program supports more (FEATURE-2)', () => {
    const leader = new Leader();
    assert.deepEqual(leader.tick(), []);
    leader.told.set('b', 2);
    assert.deepEqual(leader.tick(), []);
    leader.told.set('c', 2);
    assert.deepEqual(leader.tick(), [raise]);
    assert.deepEqual(leader.tick(), [raise], 'once, until it is known what became of it');
  });

  it('is not raised while a member of any kind is of an older release, or not connected (FEATURE-2)', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            id: fc.constantFrom('b', 'c', 'd', 'l1', 'l2'),
            told: fc.option(fc.integer({ min: 1, max: 4 })),
          }),
        ),
        fc.integer({ min: 1, max: 4 }),
        (members, supported) => {
          const leader = new Leader();
          leader.supported = supported;
          const all = new Map(members.map(({ id, told }) => [id, told]));
          leader.members = [self, ...all.keys()];
          for (const [id, told] of all) if (told !== null) leader.told.set(id, told);
          const lowest = Math.min(supported, ...[...all.values()].map((told) => told ?? 0));
          const expected = lowest > 1 ? [{ type: 'raise_feature_level', level: lowest }] : [];
          assert.deepEqual(leader.tick(), expected);
        },
      ),
    );
  });

  it('is asked for again where the log did not take it, or another leader put something in its place', () => {
    const leader = new Leader();
    for (const id of ['b', 'c']) leader.told.set(id, 2);
    leader.answer = { ok: false, reason: 'transferring' };
    assert.deepEqual(leader.tick(), []);
    leader.answer = accepted;
    assert.deepEqual(leader.tick(), [raise]);
    leader.proposed.pop()?.onDone();
    assert.deepEqual(leader.tick(), [raise]);
    leader.inForce = 2;
    leader.proposed.pop()?.onDone();
    assert.deepEqual(leader.tick(), []);
  });

  it('of a single node is that of its program', () => {
    const leader = new Leader();
    leader.members = [self];
    assert.deepEqual(leader.tick(), [raise]);
  });
});

describe('A log with a level that the program does not support', () => {
  const entryOf = (command: Command): Entry => ({
    index: 1,
    term: 1,
    kind: 'command',
    data: encodeBatch({ time: 0, commands: [{ identity: 'holdfast', command }] }),
  });

  it('is not begun with, committed or not (FEATURE-4)', () => {
    const raised = [
      entryOf({ type: 'advance' }),
      entryOf({ type: 'raise_feature_level', level: 2 }),
    ];
    assertLogSupported(raised, 2);
    assert.throws(
      () => assertLogSupported(raised, 1),
      (error) =>
        error instanceof FeatureLevelError &&
        /at feature level 2, and this program supports levels up to 1\. .* Run a newer release/.test(
          error.message,
        ),
    );
  });

  it('is no log in which a client only wrote of levels', () => {
    const command = {
      type: 'count_down',
      name: '"raise_feature_level"',
      by: 1,
    } as unknown as Command;
    assertLogSupported([entryOf(command)], 1);
  });
});
