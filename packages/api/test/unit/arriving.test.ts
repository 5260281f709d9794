/** Many requests, or large ones, that come in one turn of the event loop. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock, TurnShare } from '@holdfast/engine/parts';
import { ArrivingFrames, largeBytes } from '../../src/stream/arriving.ts';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { startGrpcHarness, until } from './grpc/grpc-client.ts';

/** Turns that end when the test says so, and a clock that it moves. */
function turnsOf() {
  const clock = { nowMs: 0 };
  let due: (() => void)[] = [];
  let turn = 0;
  const now = (): number => clock.nowMs;
  const endOfTurn = (callback: () => void): void => void due.push(callback);
  const largeRequests = new TurnShare({ now, endOfTurn });
  const endTurn = (): void => {
    const callbacks = due;
    due = [];
    turn += 1;
    for (const callback of callbacks) callback();
  };
  const isPlanned = (): boolean => due.length > 0;
  return { clock, now, turn: () => turn, endOfTurn, largeRequests, endTurn, isPlanned };
}

/** A stream whose frames are lists of numbers: each takes so many ms, and those below zero throw. */
function scene(turns = turnsOf()) {
  const begun: number[] = [];
  /** Requests of frames that are read, without those that are begun. */
  const held = { count: 0 };
  const broken: unknown[] = [];
  const socket = {
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  const frames = new ArrivingFrames(socket, turns, {
    read: (data) => {
      const requests = JSON.parse(data.toString('utf8')) as readonly number[];
      held.count += requests.length;
      return requests;
    },
    take: (request) => {
      held.count -= 1;
      const tookMs = Number(request);
      if (tookMs < 0) throw new Error('A defect.');
      turns.clock.nowMs += tookMs;
      begun.push(tookMs);
    },
    broke: (error) => void broken.push(error),
  });
  const arrive = (requests: readonly number[], byteLength = 0): void =>
    frames.arrived(Buffer.from(JSON.stringify(requests).padEnd(byteLength)), true);
  return { ...turns, begun, broken, socket, arrive, frames, held };
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

  it('given many frames in one turn, then they have the share of one frame of it (ARRIVING-2)', () => {
    const { begun, arrive, endTurn, socket } = scene();
    for (let frame = 0; frame < 20; frame++) arrive([1]);
    assert.deepEqual([begun.length, socket.isPaused], [8, true]);
    endTurn();
    assert.deepEqual([begun.length, socket.isPaused], [16, true]);
    endTurn();
    assert.deepEqual([begun.length, socket.isPaused], [20, false]);
  });

  it('given what was used in earlier turns, then it does not count (ARRIVING-2)', () => {
    const { begun, arrive, endTurn, socket } = scene();
    for (let turn = 0; turn < 5; turn++) {
      arrive([3]);
      arrive([4]);
      endTurn();
    }
    assert.deepEqual([begun.length, socket.isPaused], [10, false]);
  });

  it('given large frames of many streams, then one at a time is read and not begun (ARRIVING-5)', () => {
    const turns = turnsOf();
    const streams = Array.from({ length: 5 }, () => scene(turns));
    for (const { arrive } of streams) arrive([...slow, ...slow], largeBytes);
    for (let turn = 0; turns.isPlanned(); turn++) {
      const halfBegun = streams.filter(({ held }) => held.count > 0);
      assert.ok(halfBegun.length <= 1, `${String(halfBegun.length)} in turn ${String(turn)}`);
      turns.endTurn();
    }
    for (const { begun } of streams) assert.deepEqual(begun, [...slow, ...slow]);
  });

  it('given a large frame behind another, then it is not read before those that wait (ARRIVING-5)', () => {
    const turns = turnsOf();
    const [first, second] = [scene(turns), scene(turns)];
    first.arrive([...slow, 1], largeBytes);
    first.arrive([2], largeBytes);
    second.arrive([...slow, 1], largeBytes);
    turns.endTurn();
    assert.deepEqual([first.begun.length, second.begun.length], [65, 0]);
    turns.endTurn();
    assert.deepEqual([first.begun.length, second.begun.length], [65, 64]);
    for (let turn = 0; turn < 2; turn++) turns.endTurn();
    assert.deepEqual([first.begun.length, second.begun.length], [66, 65]);
  });

  it('given small frames that go on, then they keep no large one from being read (ARRIVING-5)', () => {
    const turns = turnsOf();
    const [small, large] = [scene(turns), scene(turns)];
    small.arrive([...slow, ...slow, ...slow]);
    large.arrive([1], largeBytes);
    for (let turn = 0; turn < 2; turn++) turns.endTurn();
    assert.deepEqual([small.begun.length, large.begun], [192, [1]]);
  });

  it('given that the node ends the stream, then what waits and what comes is not begun (ARRIVING-4)', () => {
    const { begun, arrive, endTurn, socket, frames } = scene();
    arrive([...slow, 1]);
    arrive([2]);
    frames.stop();
    assert.equal(socket.isPaused, false);
    arrive([3]);
    endTurn();
    assert.deepEqual(begun, slow);
  });

  it('given one who waits for what has come, then it is told when that is begun (ARRIVING-4)', () => {
    const { begun, arrive, endTurn, frames } = scene();
    const begunThen: number[] = [];
    const tell = (): void => void begunThen.push(begun.length);
    frames.whenBegun(tell);
    arrive([...slow, ...slow]);
    frames.whenBegun(tell);
    endTurn();
    endTurn();
    assert.deepEqual(begunThen, [0, 128]);
  });

  it('given that one throws in a later turn, then its stream is told, and the rest is not begun', () => {
    const { begun, broken, arrive, endTurn } = scene();
    arrive([...slow, -1, 2]);
    endTurn();
    assert.deepEqual([begun, broken.length], [slow, 1]);
  });
});

/** A node on which each large request takes longer than its share of a turn, and the keys of what was pushed. */
function slowScene(harness: Harness, turns: ReturnType<typeof turnsOf>) {
  const { built, engine } = harness;
  const { run } = built.http.largeRequests;
  const arrived = { count: 0 };
  built.http.largeRequests.run = (begin) => {
    arrived.count += 1;
    return run.call(built.http.largeRequests, () => {
      turns.clock.nowMs += 10;
      return begin();
    }) as never;
  };
  const keys = (): readonly unknown[] =>
    engine.submitted.flatMap(({ command }) =>
      command.type === 'queue_push' ? command.messages.map((message) => message.key) : [],
    );
  return { arrived, keys };
}

const largePayload = 'x'.repeat(largeBytes);

it('Large requests of HTTP that come together are begun in turns, in order (HTTP-TURN-1)', async (t) => {
  const turns = turnsOf();
  const clock = { ...systemClock, now: turns.now, endOfTurn: turns.endOfTurn };
  const harness = startHarness(t, { clock });
  const { request } = harness;
  const { keys } = slowScene(harness, turns);
  const answers = ['a', 'b', 'c'].map((key) =>
    request('POST', '/queue/push', { key, payload: largePayload }),
  );
  const small = await request('POST', '/queue/push', { key: 'small', payload: '' });
  assert.equal(small.status, 200);
  assert.deepEqual(keys(), ['a', 'small']);
  while (turns.isPlanned()) turns.endTurn();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(keys(), ['a', 'small', 'b', 'c']);
});

it('Large calls of gRPC that come together are begun in turns, in order (GRPC-TURN-1)', async (t) => {
  const turns = turnsOf();
  const clock = { ...systemClock, now: turns.now, endOfTurn: turns.endOfTurn };
  const harness = await startGrpcHarness(t, { clock });
  const { arrived, keys } = slowScene(harness, turns);
  const push = (key: string, text: string): Promise<unknown> =>
    harness.call('Queues.Push', { key, payload: { stringValue: text } });
  const answers = ['a', 'b', 'c'].map((key) => push(key, largePayload));
  await push('small', '');
  await until(() => arrived.count === 3);
  assert.deepEqual(keys(), ['a', 'small']);
  while (turns.isPlanned()) turns.endTurn();
  await Promise.all(answers);
  assert.deepEqual(keys(), ['a', 'small', 'b', 'c']);
});
