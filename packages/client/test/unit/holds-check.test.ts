import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldDigest } from '@holdfast/protocol';
import type { SessionLocksAnswer, SessionLocksBody } from '@holdfast/protocol';
import type { ClientClock } from '../../src/clock.ts';
import { Held } from '../../src/held.ts';
import type { HeldKind } from '../../src/held.ts';
import { Holdings } from '../../src/holdings.ts';
import { HoldsCheck } from '../../src/holds-check.ts';

class TestHeld extends Held {
  constructor(kind: HeldKind, name: string, fenceToken: number) {
    const release = (): Promise<void> => Promise.resolve();
    super({ isValid: () => true }, { kind, name, fenceToken, release });
  }
}

interface Row {
  readonly kind: HeldKind;
  readonly name: string;
  readonly first: number;
  token: number;
}

/** The cluster's side: what the session has, and its pages. Rows are in the order of first tokens. */
class FakeCluster {
  readonly rows: Row[] = [];
  readonly asked: Omit<SessionLocksBody, 'session_id'>[] = [];
  mostOnAPage = 1000;
  #counter = 0;

  grant(kind: HeldKind, name: string): number {
    this.#counter += 1;
    const own = this.rows.find((row) => row.kind === kind && row.name === name);
    if (own !== undefined && kind !== 'semaphore') {
      if (kind === 'lock') own.token = this.#counter;
      return own.token;
    }
    this.rows.push({ kind, name, first: this.#counter, token: this.#counter });
    return this.#counter;
  }

  end(row: Row): void {
    const index = this.rows.indexOf(row);
    if (index >= 0) this.rows.splice(index, 1);
  }

  answer({ after = 0, limit = 1000 }: Omit<SessionLocksBody, 'session_id'>): SessionLocksAnswer {
    this.asked.push({ after, limit });
    const digest = new HoldDigest();
    for (const row of this.rows) digest.add(row.first);
    const left = this.rows.filter((row) => row.first > after);
    const size = Math.min(limit, this.mostOnAPage);
    const page = left.slice(0, size);
    const of = (kind: HeldKind): readonly Row[] => page.filter((row) => row.kind === kind);
    return {
      locks: of('lock').map(({ name }) => name),
      total_locks: this.rows.filter(({ kind }) => kind === 'lock').length,
      total_holds: this.rows.length,
      digest: digest.text,
      consistency: 'linearizable',
      revision: 1,
      next_after: limit > 0 && left.length > size ? (page.at(-1)?.first ?? null) : null,
      holds: of('lock').map(({ name, first, token }) => ({
        resource: name,
        fence_token: token,
        mode: 'exclusive',
        hold_count: 1,
        first_fence_token: first,
      })),
      permits: of('semaphore').map(({ name, token }) => ({
        resource: name,
        fence_token: token,
        permits: 1,
      })),
      leaderships: of('election').map(({ name, token }) => ({
        resource: name,
        fence_token: token,
      })),
    };
  }
}

/** A session's side: each question waits until the test lets the cluster read and the answer come. */
class Side {
  readonly cluster = new FakeCluster();
  readonly holdings = new Holdings();
  readonly lost: Held[] = [];
  /** Requests of the session are under way. */
  underWay = 0;
  /** Undefined: every question is answered at once. */
  questions:
    | {
        readonly page: Omit<SessionLocksBody, 'session_id'>;
        readonly resolve: (answer: SessionLocksAnswer) => void;
        read: SessionLocksAnswer | undefined;
      }[]
    | undefined;
  timers: (() => void)[] = [];
  failures = 0;
  readonly check: HoldsCheck;

  constructor() {
    const clock: ClientClock = {
      now: () => 0,
      bootNow: () => 0,
      random: () => 0.5,
      after: (_ms, callback) => {
        this.timers.push(callback);
        return () => undefined;
      },
    };
    this.check = new HoldsCheck(
      this.holdings,
      {
        isActive: () => true,
        isQuiet: () => this.underWay === 0,
        ask: (page) => this.#ask(page),
        lost: (held) => {
          this.holdings.delete(held);
          this.lost.push(held);
        },
      },
      clock,
    );
  }

  acquire(kind: HeldKind, name: string): Held {
    const held = new TestHeld(kind, name, this.cluster.grant(kind, name));
    this.holdings.add(held);
    return held;
  }

  endUntold(held: Held): void {
    const row = this.cluster.rows.find(
      ({ kind, name, token }) =>
        kind === held.kind && name === held.name && token >= held.fenceToken,
    );
    if (row !== undefined) this.cluster.end(row);
  }

  #ask(page: Omit<SessionLocksBody, 'session_id'>): Promise<SessionLocksAnswer> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error('no answer'));
    }
    const { questions } = this;
    if (questions === undefined) return Promise.resolve(this.cluster.answer(page));
    return new Promise((resolve) => questions.push({ page, resolve, read: undefined }));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A check of holds', () => {
  it('given that nothing has changed, then it asks for the digest once and for no page', async () => {
    const side = new Side();
    for (let index = 0; index < 3000; index++) side.acquire('lock', `lock ${String(index)}`);
    side.acquire('semaphore', 's');
    side.acquire('semaphore', 's');
    side.acquire('election', 'e');
    await side.check.run();
    assert.deepEqual(side.cluster.asked, [{ after: 0, limit: 0 }]);
    assert.deepEqual(side.lost, []);
  });

  it('given holds that ended untold, then these are lost, found page by page, and no other', async () => {
    const side = new Side();
    const all = Array.from({ length: 2500 }, (_, index) =>
      side.acquire('lock', `lock ${String(index)}`),
    );
    const gone = all.filter((_, index) => index % 1000 === 7);
    for (const held of gone) side.endUntold(held);
    await side.check.run();
    assert.deepEqual(side.lost, gone);
    assert.deepEqual(
      side.cluster.asked.map(({ limit }) => limit),
      [0, 1000, 1000, 1000],
    );
  });

  it('given an upgrade of which only the later token is held here, then it stands, and the next check needs no page', async () => {
    const side = new Side();
    const first = side.acquire('lock', 'x');
    side.holdings.delete(first);
    side.acquire('lock', 'x');
    await side.check.run();
    await side.check.run();
    assert.deepEqual(side.lost, []);
    assert.deepEqual(
      side.cluster.asked.map(({ limit }) => limit),
      [0, 1000, 0],
    );
  });

  it('given a lock that was lost untold and acquired again, then the old hold is lost and the new one stands', async () => {
    const side = new Side();
    const old = side.acquire('lock', 'x');
    side.endUntold(old);
    const held = side.acquire('lock', 'x');
    await side.check.run();
    assert.deepEqual(side.lost, [old]);
    assert.ok(side.holdings.has(held));
  });

  it('given a hold that is acquired after its page was read, then it is not lost (HOLDS-CHECK-1)', async () => {
    const side = new Side();
    side.questions = [];
    const gone = side.acquire('lock', 'gone');
    side.acquire('lock', 'stays');
    side.endUntold(gone);
    const checking = side.check.run();
    // The digest and its page are read before the grant; the answer to the page comes after it.
    for (let index = 0; index < 2; index++) {
      await turn();
      const question = side.questions.shift();
      assert.ok(question !== undefined);
      const read = side.cluster.answer(question.page);
      if (index === 1) side.acquire('lock', 'new');
      question.resolve(read);
    }
    await checking;
    assert.deepEqual(side.lost, [gone]);
    assert.ok(side.holdings.all().some(({ name }) => name === 'new'));
  });

  it('given a check that is wanted while another is under way, then one more follows (HOLDS-CHECK-4)', async () => {
    const side = new Side();
    const held = side.acquire('lock', 'x');
    side.questions = [];
    const checking = side.check.run();
    const [question] = side.questions;
    assert.ok(question !== undefined);
    const read = side.cluster.answer(question.page);
    side.endUntold(held);
    void side.check.run();
    side.questions = undefined;
    question.resolve(read);
    await checking;
    assert.deepEqual(side.lost, [held]);
  });

  it('given that the cluster does not answer, then nothing is lost, and it is asked again', async () => {
    const side = new Side();
    const held = side.acquire('lock', 'x');
    side.endUntold(held);
    side.failures = 1;
    await side.check.run();
    assert.deepEqual(side.lost, []);
    for (const callback of side.timers.splice(0)) callback();
    await turn();
    assert.deepEqual(side.lost, [held]);
  });

  it('whatever comes in between, then only what has ended is lost, and in the end all of that is', async () => {
    for (let seed = 1; seed <= 300; seed++) await interleave(seed);
  });
});

/** Grants, releases and untold ends, each in two steps (there and told here), between reads and answers. */
async function interleave(seed: number): Promise<void> {
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const side = new Side();
  const { cluster, holdings } = side;
  cluster.mostOnAPage = 2;
  const messages: (() => void)[] = [];
  const kinds: readonly HeldKind[] = ['lock', 'semaphore', 'election'];
  const stands = (held: Held): boolean =>
    cluster.rows.some(
      ({ kind, name, first, token }) =>
        kind === held.kind &&
        name === held.name &&
        first <= held.fenceToken &&
        held.fenceToken <= token,
    );
  side.questions = [];
  const { questions } = side;
  for (let step = 0; step < 120; step++) {
    const what = below(8);
    const held = holdings.all()[below(Math.max(1, holdings.all().length))];
    if (what <= 1) {
      const kind = kinds[below(3)] ?? 'lock';
      const granted = new TestHeld(kind, String(below(5)), 0);
      const token = cluster.grant(kind, granted.name);
      side.underWay += 1;
      messages.push(() => {
        side.underWay -= 1;
        holdings.add(new TestHeld(kind, granted.name, token));
      });
    } else if (what === 2 && held !== undefined) {
      for (const one of holdings.of(held.kind, held.name, held.fenceToken)) holdings.delete(one);
      side.underWay += 1;
      messages.push(() => {
        side.underWay -= 1;
        side.endUntold(held);
      });
    } else if (what === 3) {
      const row = cluster.rows[below(Math.max(1, cluster.rows.length))];
      if (row !== undefined && below(3) === 0) cluster.end(row);
    } else if (what === 4) messages.shift()?.();
    else if (what === 5) void side.check.run();
    else if (what === 6) {
      const question = questions.find(({ read }) => read === undefined);
      if (question !== undefined) question.read = cluster.answer(question.page);
    } else if (questions[0]?.read !== undefined) {
      const question = questions.shift();
      if (question?.read !== undefined) question.resolve(question.read);
    }
    await turn();
    // What has ended never comes back, so it has to have ended by now.
    for (const lost of side.lost.splice(0))
      assert.ok(!stands(lost), `seed ${String(seed)}: ${lost.name} was lost while it stands`);
  }
  for (const message of messages) message();
  side.questions = undefined;
  for (const question of questions) question.resolve(cluster.answer(question.page));
  await turn();
  await side.check.run();
  await turn();
  for (const held of holdings.all())
    assert.ok(stands(held), `seed ${String(seed)}: ${held.name} has ended and is not lost`);
}
