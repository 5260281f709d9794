/** Many requests, or large ones, that come in one turn of the event loop. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock, TurnShare } from '@holdfast/engine/parts';
import { ArrivingFrames, largeBytes } from '../../src/stream/arriving.ts';
import { startHarness } from '../harness.ts';

/** Turns that end when the test says so, and a clock that it moves. */
function turnsOf() {
  const clock = { nowMs: 0 };
  let due: (() => void)[] = [];
  const now = (): number => clock.nowMs;
  const endOfTurn = (callback: () => void): void => void due.push(callback);
  const largeRequests = new TurnShare({ now, endOfTurn });
  const endTurn = (): void => {
    const callbacks = due;
    due = [];
    for (const callback of callbacks) callback();
  };
  return { clock, now, endOfTurn, largeRequests, endTurn, isPlanned: () => due.length > 0 };
}

/** A stream whose frames are lists of numbers: each takes so many ms, and those below zero throw. */
function scene() {
  const turns = turnsOf();
  const begun: number[] = [];
  const broken: unknown[] = [];
  const socket = {
    readyState: 1,
    OPEN: 1,
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  const frames = new ArrivingFrames(socket, turns, {
    read: (data) => JSON.parse(data.toString('utf8')) as readonly number[],
    take: (request) => {
      const tookMs = Number(request);
      if (tookMs < 0) throw new Error('A defect.');
      turns.clock.nowMs += tookMs;
      begun.push(tookMs);
    },
    broke: (error) => void broken.push(error),
  });
  const arrive = (requests: readonly number[], byteLength = 0): void =>
    frames.arrived(Buffer.from(JSON.stringify(requests).padEnd(byteLength)), true);
  return { ...turns, begun, broken, socket, arrive };
}

/** As many as are begun together; they use up a turn. */
const slow = Array.from({ length: 64 }, () => 0.2);

describe('Requests of a stream', () => {
  it('given few, then they are begun in the turn in which they come', () => {
    const { begun, arrive, isPlanned, socket } = scene();
    arrive([1, 2]);
    arrive([3]);
    assert.deepEqual(begun, [1, 2, 3]);
    assert.equal(isPlanned(), false);
    assert.equal(socket.isPaused, false);
  });

  it('given many in one frame, then a turn begins some, in order, and reads no other frame (ARRIVING-1 to 3)', () => {
    const { begun, arrive, endTurn, socket } = scene();
    const many = Array.from({ length: 300 }, (_, place) => 0.2 + place / 10_000);
    arrive(many);
    arrive([0.5]);
    assert.deepEqual(begun, many.slice(0, 64));
    assert.equal(socket.isPaused, true);
    endTurn();
    assert.deepEqual(begun, many.slice(0, 128));
    assert.equal(socket.isPaused, true);
    for (let turn = 0; turn < 4; turn++) endTurn();
    assert.deepEqual(begun, [...many, 0.5]);
    assert.equal(socket.isPaused, false);
  });

  it('given large frames, then they have one share of a turn with all large requests (ARRIVING-2)', () => {
    const { begun, arrive, endTurn, largeRequests, clock } = scene();
    void largeRequests.run(() => (clock.nowMs += 10));
    arrive([1], largeBytes);
    arrive([2]);
    assert.deepEqual(begun, []);
    endTurn();
    assert.deepEqual(begun, [1, 2]);
  });

  it('given that the stream has ended, then what waits is not begun (ARRIVING-4)', () => {
    const { begun, arrive, endTurn, socket } = scene();
    arrive([...slow, 1]);
    arrive([2]);
    socket.readyState = 3;
    endTurn();
    assert.deepEqual(begun, slow);
  });

  it('given that one throws in a later turn, then its stream is told, and the rest is not begun', () => {
    const { begun, broken, arrive, endTurn } = scene();
    arrive([...slow, -1, 2]);
    endTurn();
    assert.deepEqual([begun, broken.length], [slow, 1]);
  });
});

it('Large requests of HTTP that come together are begun in turns, in order (HTTP-TURN-1)', async (t) => {
  const turns = turnsOf();
  const clock = { ...systemClock, now: turns.now, endOfTurn: turns.endOfTurn };
  const { request, engine, built } = startHarness(t, { clock });
  const begun = engine.submitted;
  const payload = 'x'.repeat(largeBytes);
  const { run } = built.http.largeRequests;
  // Each takes longer than its share.
  built.http.largeRequests.run = (begin) =>
    run.call(built.http.largeRequests, () => {
      turns.clock.nowMs += 10;
      return begin();
    }) as never;
  const answers = ['a', 'b', 'c'].map((key) => request('POST', '/queue/push', { key, payload }));
  const small = await request('POST', '/queue/push', { key: 'small', payload: '' });
  assert.equal(small.status, 200);
  const keys = (): readonly unknown[] =>
    begun.flatMap(({ command }) =>
      command.type === 'queue_push' ? command.messages.map((message) => message.key) : [],
    );
  assert.deepEqual(keys(), ['a', 'small']);
  while (turns.isPlanned()) turns.endTurn();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(keys(), ['a', 'small', 'b', 'c']);
});
