import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Ballots } from '../../src/quorum/ballots.ts';
import type { Believed } from '../../src/quorum/ballots.ts';
import { Promises } from '../../src/quorum/promises.ts';
import { World } from '../../src/world/world.ts';

class Hold implements Believed {
  readonly name = 'red';
  readonly fenceToken: number;
  state: Believed['state'] = 'held';
  certain = true;
  validForMs = 90;

  constructor(fenceToken: number) {
    this.fenceToken = fenceToken;
  }

  isHeld(): boolean {
    return this.certain;
  }
}

describe('The ballots of a quorum lease', () => {
  const world = new World(1n);
  const [one, other] = [world.machine('one', 0), world.machine('other', 0)];
  let reported: string[];
  let ballots: Ballots;
  let promises: Promises;
  const lease = { resource: 'red', leaseId: 'l1' };
  beforeEach(() => {
    reported = [];
    promises = new Promises(90);
    ballots = new Ballots(true, promises, (message) => void reported.push(message));
    for (const machine of [one, other]) {
      machine.start();
      promises.asked(machine, lease, 3);
      for (const node of ['a', 'b']) promises.granted(machine, node, lease, machine.now());
    }
  });

  const both = 'one (token 1) and other (token 2) hold "red".';

  it('tell of two that hold one resource when the second hold begins (BALLOTS-1)', () => {
    ballots.held(one, new Hold(1));
    ballots.held(other, new Hold(2));
    assert.deepEqual(reported, [both]);
  });

  for (const [what, look] of [
    ['is renewed', () => ballots.renewed('red')],
    ['writes', () => ballots.write('red', 2, true)],
  ] as const)
    it(`tell of one that was not certain, and is again, when it ${what} (BALLOTS-1)`, () => {
      const first = new Hold(1);
      first.certain = false;
      ballots.held(one, first);
      ballots.held(other, new Hold(2));
      look();
      assert.deepEqual(reported, []);
      first.certain = true;
      ballots.renewed('blue');
      assert.deepEqual(reported, []);
      look();
      assert.deepEqual(reported, [both]);
    });

  it('tell of who believes in a lease for longer than a majority promised (BALLOTS-5)', () => {
    const hold = new Hold(1);
    ballots.held(one, hold);
    const now = one.now();
    promises.renewed(one, 'a', lease, now + 5);
    hold.validForMs = 95;
    ballots.renewed('red');
    assert.deepEqual(reported, [
      'one believes in "red" for 5.000 ms longer than a majority promised.',
    ]);
    promises.renewed(one, 'c', lease, now + 5);
    ballots.renewed('red');
    assert.equal(reported.length, 1, 'two of three promised it');
    hold.validForMs = 95.1;
    ballots.write('red', 1, true);
    assert.equal(reported.length, 2);
  });

  it('count what was promised for the lease that is asked for alone, and no grant twice (BALLOTS-5)', () => {
    promises.granted(one, 'a', lease, one.now() + 50);
    assert.equal(promises.certainUntilMs(one, 'red'), one.now() + 90);
    promises.asked(one, { ...lease, leaseId: 'l2' }, 3);
    promises.renewed(one, 'a', lease, one.now() + 50);
    promises.renewed(one, 'b', lease, one.now() + 50);
    assert.equal(promises.certainUntilMs(one, 'red'), Number.NEGATIVE_INFINITY);
  });

  it('say nothing of what was given back, and of a process that has ended', () => {
    const first = new Hold(1);
    ballots.held(one, first);
    first.state = 'released';
    const second = new Hold(2);
    ballots.held(other, second);
    other.end();
    other.start();
    ballots.held(one, new Hold(3));
    ballots.renewed('red');
    assert.deepEqual(reported, []);
  });

  it('tell of a token that was held, or is older than one that was (BALLOTS-2)', () => {
    for (const token of [2, 2, 1]) {
      const hold = new Hold(token);
      ballots.held(one, hold);
      hold.state = 'released';
    }
    assert.deepEqual(reported, [
      'one holds token 2 of "red", which was held.',
      'one holds "red" with token 2, after token 2.',
      'one holds "red" with token 1, after token 2.',
    ]);
  });
});
