import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { AnswerFields } from '../../src/node-transport.ts';
import { StreamTransport } from '../../src/stream-transport.ts';
import { FakeNode } from './support/fake-node.ts';

/** Of those that want: the others of 10,000 are for those that hold (VOTE-STREAM-4). */
const maxQuestions = 9000;
const tickMs = 500;
/** Until a connection that says nothing is closed, at the latest. */
const deadMs = 2500;
const kiB = 1024;
const fails = (asked: Promise<unknown>, code: ErrorCode): Promise<void> =>
  assert.rejects(asked, (error) => error instanceof HoldfastError && error.code === code);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('The stream to a lease node', () => {
  let node: FakeNode;
  let transport: StreamTransport;
  beforeEach(async () => {
    node = await FakeNode.start();
    transport = new StreamTransport(node.url, undefined);
  });
  afterEach(() => {
    transport.close();
    node.stop();
  });

  const ask = (
    operation = 'acquire',
    body: object = {},
    signal = new AbortController().signal,
  ): Promise<AnswerFields> => transport.ask(operation, body, signal);
  /** A question, and how to cancel it. */
  function cancelRequest(
    operation?: string,
  ): readonly [asked: Promise<AnswerFields>, cancelRequest: () => void] {
    const controller = new AbortController();
    return [ask(operation, {}, controller.signal), () => controller.abort()];
  }
  const echo = (): void => {
    node.handle = ([id, , body]) => node.send([id, body]);
  };
  const own = (t: TestContext): void => t.mock.timers.enable({ apis: ['setTimeout'] });
  function pass(t: TestContext, ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += tickMs) t.mock.timers.tick(tickMs);
  }
  const number = (index: number): number => node.requests[index]?.[0] ?? 0;

  it('answers each question by its number, whichever is answered first', async () => {
    const asked = [ask('acquire', { a: 1 }), ask('wait', { b: 2 })];
    await node.asked(2);
    assert.deepEqual(
      node.requests.map((request) => request.slice(1)),
      [
        ['acquire', { a: 1 }],
        ['wait', { b: 2 }],
      ],
    );
    node.send([number(1), { to: 'b' }], [99, { to: 'nobody' }]);
    node.send([number(0), { to: 'a' }]);
    assert.deepEqual(await Promise.all(asked), [{ to: 'a' }, { to: 'b' }]);
  });

  it('asks in one frame what is asked in one turn', async () => {
    echo();
    await ask();
    await Promise.all([ask(), Promise.resolve().then(() => ask()), ask()]);
    assert.equal(node.requests.length, 4);
    assert.equal(node.frameBytes.length, 2);
  });

  it('tells the problem that the node told, by its code and with its details', async () => {
    const asked = ask();
    await node.asked(1);
    const problem = { type: 'about:blank', title: 'Not', status: 503, detail: 'Not yet.' };
    node.send([number(0), null, { ...problem, code: 'not_voting', waits_ms: 7 }]);
    const message = `${node.url}: Not yet.`;
    await assert.rejects(asked, { code: 'not_voting', message, details: { waits_ms: 7 } });
  });

  for (const answer of [[], [7], [null, { code: 'nonsense' }], [null, 'nonsense']])
    it(`takes ${JSON.stringify(answer)} for no answer of a lease node`, async () => {
      const asked = ask();
      await node.asked(1);
      node.send([number(0), ...answer]);
      await fails(asked, 'internal');
    });

  for (const garbage of ['nonsense', '{}', '7'])
    it(`closes a connection on which ${garbage} comes`, async () => {
      const asked = [ask(), ask('wait')];
      await node.asked(2);
      node.connection.send(garbage);
      for (const one of asked) await fails(one, 'connection_lost');
      echo();
      await ask();
      assert.equal(node.connections.length, 2);
    });

  it('goes on where one answer of a frame is garbled', async () => {
    const asked = ask();
    await node.asked(1);
    node.connection.send(JSON.stringify([null, 7, ['1', {}], [number(0), { done: true }]]));
    assert.deepEqual(await asked, { done: true });
  });

  it('that is lost fails what was asked; the next question opens another', async () => {
    const asked = ask('wait');
    await node.asked(1);
    node.connection.terminate();
    await fails(asked, 'connection_lost');
    echo();
    assert.deepEqual(await ask('renew', { b: 2 }), { b: 2 });
    assert.deepEqual(node.operations, ['wait', 'renew']);
  });

  it('where nobody listens fails what was asked', async () => {
    node.stop();
    await fails(ask(), 'connection_lost');
  });

  it('that is closed stays closed', async () => {
    echo();
    await ask();
    transport.close();
    await fails(ask(), 'connection_lost');
    await turn();
    assert.equal(node.connections.length, 1);
  });

  it('that is closed fails what was asked, also while it is being opened', async () => {
    const early = ask();
    transport.close();
    await fails(early, 'connection_lost');
    transport = new StreamTransport(node.url, undefined);
    const asked = ask();
    await node.asked(1);
    transport.close();
    await fails(asked, 'connection_lost');
    await node.until(() => node.connection.readyState === node.connection.CLOSED);
    assert.equal(node.requests.length, 1);
  });

  it('shows the key before it asks', async () => {
    transport = new StreamTransport(node.url, 'the key');
    const asked = ask();
    await node.asked(2);
    assert.deepEqual(node.requests[0], [0, 'authorize', 'the key']);
    node.send([number(1), {}]);
    await asked;
  });

  it('cannot ask what is no JSON, and goes on', async () => {
    await assert.rejects(ask('acquire', { a: 1n }), TypeError);
    echo();
    await ask();
  });

  describe('when a question is cancelled', () => {
    it('tells the node; an answer that comes nevertheless is nobody’s', async () => {
      const [asked, abort] = cancelRequest();
      await node.asked(1);
      abort();
      await fails(asked, 'cancelled');
      await node.asked(2);
      assert.deepEqual(node.requests[1], [number(0), 'cancel']);
      node.send([number(0), {}]);
      await node.isRead();
      echo();
      await ask();
      assert.equal(node.connections.length, 1);
    });

    it('tells nothing of one that was answered', async () => {
      echo();
      const [asked, abort] = cancelRequest();
      await asked;
      abort();
      await ask('renew');
      assert.deepEqual(node.operations, ['acquire', 'renew']);
    });

    it('does not ask at all where that was before', async () => {
      await fails(ask('acquire', {}, AbortSignal.abort()), 'cancelled');
      assert.equal(node.connections.length, 0);
    });

    it('does not send it while the connection is being opened (VOTE-STREAM-1)', async () => {
      let open: () => void = () => undefined;
      const opening = new Promise<void>((resolve) => {
        node.admit = (admit) => {
          open = admit;
          resolve();
        };
      });
      const [asked, abort] = cancelRequest('acquire');
      const stands = ask('renew', { b: 2 });
      await opening;
      abort();
      await fails(asked, 'cancelled');
      echo();
      open();
      assert.deepEqual(await stands, { b: 2 });
      assert.deepEqual(node.operations, ['renew']);
    });

    it('does not send it in the turn that asked it (VOTE-STREAM-1)', async () => {
      echo();
      await ask('renew');
      const [asked, abort] = cancelRequest('acquire');
      abort();
      await fails(asked, 'cancelled');
      await ask('renew');
      assert.deepEqual(node.operations, ['renew', 'renew']);
    });
  });

  describe('that has gone dead (VOTE-STREAM-2)', () => {
    /** Answers what tells that it is there, and nothing else. */
    const isThere = (): void => {
      node.handle = ([, operation]) => {
        if (operation === 'ping') node.send([0, {}]);
      };
    };

    it('is cancelled: all fails that was asked, and the next question opens another', async (t) => {
      own(t);
      const waiting = ask('wait');
      const [asked, abort] = cancelRequest();
      await node.asked(2);
      const dead = node.connection;
      abort(); // Whether or not the caller still waits.
      await fails(asked, 'cancelled');
      pass(t, deadMs);
      await fails(waiting, 'connection_lost');
      await node.until(() => dead.readyState === dead.CLOSED);
      echo();
      await ask();
      assert.equal(node.connections.length, 2);
    });

    it('is not cancelled before its time', async (t) => {
      own(t);
      const asked = ask();
      await node.asked(1);
      pass(t, 2000);
      node.send([number(0), {}]);
      await asked;
      assert.equal(node.connections.length, 1);
    });

    it('is cancelled soon after callers have cancelled it, in a lease that still lasts', async (t) => {
      transport.close();
      // What a lease of three seconds gives each node: it is renewed after one of them.
      transport = new StreamTransport(node.url, undefined, 1000);
      own(t);
      const asked = ask();
      await node.asked(1);
      t.mock.timers.tick(250);
      t.mock.timers.tick(250);
      t.mock.timers.tick(250);
      node.send([number(0), {}]);
      await asked;
      const lost = ask();
      await node.until(() => node.operations.filter((one) => one === 'acquire').length === 2);
      for (let ticks = 0; ticks < 5; ticks++) t.mock.timers.tick(250);
      await fails(lost, 'connection_lost');
      assert.equal(node.connections.length, 1);
    });

    it('is found out anew after it has answered', async (t) => {
      own(t);
      echo();
      await ask();
      pass(t, 2 * deadMs);
      await ask();
      node.handle = () => undefined;
      const asked = ask();
      await node.asked(3);
      pass(t, deadMs);
      await fails(asked, 'connection_lost');
    });

    it('is not meant by an answer that takes its time, or is not wanted any more', async (t) => {
      own(t);
      isThere();
      const waiting = ask('wait');
      await node.asked(1);
      for (let rounds = 0; rounds < 5; rounds++) {
        const [asked, abort] = cancelRequest('confirm');
        await node.until(() => node.operations.at(-1) === 'confirm');
        const pings = node.operations.filter((operation) => operation === 'ping').length;
        abort();
        await fails(asked, 'cancelled');
        pass(t, 2 * tickMs);
        await node.until(
          () => node.operations.filter((operation) => operation === 'ping').length > pings,
        );
        await node.isRead();
        pass(t, deadMs);
      }
      node.send([number(0), { status: 'FREE' }]);
      assert.deepEqual(await waiting, { status: 'FREE' });
      assert.equal(node.connections.length, 1);
    });

    it('is not looked for while there is nothing but waiting', async (t) => {
      own(t);
      const waiting = ask('wait');
      await node.asked(1);
      pass(t, 60_000);
      await node.isRead();
      assert.deepEqual(node.operations, ['wait']);
      node.send([number(0), { status: 'TIMEOUT' }]);
      await waiting;
    });

    it('is cancelled also where it does not open, after a time of its own', async (t) => {
      own(t);
      const asked = ask();
      await node.asked(1);
      pass(t, 2000);
      node.connection.terminate();
      await fails(asked, 'connection_lost');
      node.admit = () => undefined;
      let failed = false;
      const waiting = ask('wait').catch(() => void (failed = true));
      pass(t, 2000);
      await turn();
      assert.equal(failed, false);
      pass(t, tickMs);
      await turn();
      assert.equal(failed, true, 'at once, not when the socket finds out');
      await waiting;
      node.admit = (open) => open();
      echo();
      await ask();
    });

    it('is watched by a timer that keeps no process alive', async () => {
      const timers = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = timers();
      const asked = ask();
      await node.asked(1);
      assert.equal(timers(), before);
      transport.close();
      await fails(asked, 'connection_lost');
    });
  });

  describe('of one that holds', () => {
    it('goes before all that stand by for one that wants (VOTE-STREAM-4)', async () => {
      const operations = ['acquire', 'wait', 'renew', 'acquire', 'release', 'confirm'];
      const asked = operations.map((operation) => ask(operation).catch(() => undefined));
      await node.asked(operations.length);
      assert.deepEqual(node.operations.slice(0, 3), ['renew', 'release', 'confirm']);
      transport.close();
      await Promise.all(asked);
    });

    it('has room where those that want have none (VOTE-STREAM-4)', async () => {
      const asked = Array.from({ length: maxQuestions }, () => ask('wait').catch(() => undefined));
      await fails(ask('acquire'), 'overloaded');
      // What has no room fails at once, and nothing is sent.
      const renewal = ask('renew').catch((error: unknown) => error);
      await Promise.race([renewal, node.asked(maxQuestions + 1)]);
      assert.equal(node.operations[0], 'renew');
      node.send([number(0), { status: 'DONE' }]);
      assert.deepEqual(await renewal, { status: 'DONE' });
      transport.close();
      await Promise.all(asked);
    });
  });

  describe('is bounded (VOTE-STREAM-3)', () => {
    it('in questions, also while it is being opened', async () => {
      node.admit = () => undefined;
      const asked = Array.from({ length: maxQuestions }, () => ask().catch(() => undefined));
      await fails(ask(), 'overloaded');
      transport.close();
      await Promise.all(asked);
    });

    it('in questions; where all of them wait on a dead connection it is closed', async (t) => {
      own(t);
      const asked = Array.from({ length: maxQuestions }, () => ask('wait'));
      await node.asked(maxQuestions);
      pass(t, deadMs);
      await fails(ask(), 'overloaded');
      pass(t, deadMs);
      await Promise.all(asked.map((one) => fails(one, 'connection_lost')));
      echo();
      await ask();
    });

    it('in what stands by: what is one too many fails at once, the others are asked', async () => {
      echo();
      const asked = Array.from({ length: 20 }, () =>
        ask('acquire', { text: 'x'.repeat(900 * kiB) }),
      );
      const outcomes = await Promise.allSettled(asked);
      const failed = outcomes.filter(({ status }) => status === 'rejected');
      assert.equal(failed.length, 11);
      for (const outcome of failed)
        assert.equal(
          ((outcome as PromiseRejectedResult).reason as HoldfastError).code,
          'overloaded',
        );
      await ask();
    });

    it('in what stands by, of which what is cancelled is no part', async () => {
      echo();
      const body = { text: 'x'.repeat(900 * kiB) };
      for (let rounds = 0; rounds < 20; rounds++) {
        const controller = new AbortController();
        const asked = ask('acquire', body, controller.signal);
        controller.abort();
        await fails(asked, 'cancelled');
      }
      await ask();
      assert.equal(node.requests.length, 1);
    });

    it('in what has not left the machine; a node that reads nothing is disconnected', async (t) => {
      own(t);
      echo();
      await ask();
      pass(t, 2000);
      node.connection.pause();
      const asked: Promise<unknown>[] = [];
      const codes = new Set<unknown>();
      while (codes.size === 0 && asked.length < 100) {
        asked.push(
          ask('wait', { text: 'x'.repeat(900 * kiB) }).catch((error: unknown) => {
            codes.add((error as HoldfastError).code);
          }),
        );
        await turn();
      }
      assert.deepEqual([...codes], ['overloaded'], `after ${String(asked.length)}`);
      await fails(ask(), 'overloaded');
      pass(t, deadMs);
      await Promise.all(asked);
      assert.deepEqual([...codes], ['overloaded', 'connection_lost']);
      await ask();
      assert.equal(node.connections.length, 2);
    });

    it('in its frames: many questions of one turn are several', async () => {
      echo();
      const text = '€'.repeat(400);
      const asked = Array.from({ length: maxQuestions / 2 }, () => ask('acquire', { text }));
      await Promise.all(asked);
      assert.deepEqual(
        node.requests.map(([id]) => id),
        asked.map((_, index) => index + 1),
      );
      assert.ok(node.frameBytes.length > 5, String(node.frameBytes.length));
      assert.ok(Math.max(...node.frameBytes) <= 3 * 256 * kiB, String(node.frameBytes));
      assert.equal(node.connections.length, 1);
    });

    for (const [letter, bytes] of [
      ['x', 1],
      ['€', 3],
    ] as const)
      it(`in its questions: one of ${letter} that no node would read fails alone`, async () => {
        echo();
        const around = JSON.stringify([[1, 'acquire', { text: '' }]]).length;
        const most = Math.floor((1024 * kiB - around) / bytes);
        const largest = ask('acquire', { text: letter.repeat(most) });
        const others = [ask(), ask('acquire', { text: 'x'.repeat(300 * kiB) })];
        await fails(ask('acquire', { text: letter.repeat(most + 1) }), 'invalid_request');
        await Promise.all([largest, ...others]);
        assert.ok(Math.max(...node.frameBytes) > 1024 * kiB - bytes);
        assert.equal(node.connections.length, 1);
      });
  });
});
