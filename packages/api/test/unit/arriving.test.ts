/** Many requests, or large ones, that come in one turn of the event loop. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ArrivingFrames } from '../../src/stream/arriving.ts';
import { largeBytes } from '../../src/turns/request-turns.ts';
import { isForHolders, turnsOf } from './turns/turns-of.ts';

/** A stream whose frames are lists of numbers: each takes so many ms, and those below zero throw. */
function scene(world = turnsOf(), share = 'somebody') {
  const begun: number[] = [];
  /** Requests of frames that are read, without those that are begun. */
  const held = { count: 0 };
  const broken: unknown[] = [];
  const socket = {
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  const frames = new ArrivingFrames(socket, world.turns, {
    share: () => share,
    read: (data) => {
      const requests = JSON.parse(data.toString('utf8')) as readonly number[];
      held.count += requests.length;
      return requests;
    },
    take: (request) => {
      held.count -= 1;
      const tookMs = Number(request);
      if (tookMs < 0) throw new Error('A defect.');
      world.clock.nowMs += tookMs;
      begun.push(tookMs);
    },
    broke: (error) => void broken.push(error),
  });
  const arrive = (requests: readonly number[], byteLength = 0): void =>
    frames.arrived(Buffer.from(JSON.stringify(requests).padEnd(byteLength)), true);
  return { ...world, begun, broken, socket, arrive, frames, held };
}

/** As many as are begun together; they use up a turn. */
const slow = Array.from({ length: 64 }, () => 0.2);

describe('Requests of a stream', () => {
  it('given few, then they are begun in the turn in which they come', () => {
    const { begun, arrive, isPlanned, endTurn, socket } = scene();
    arrive([1, 2]);
    arrive([3]);
    assert.deepEqual(begun, [1, 2, 3]);
    assert.equal(socket.isPaused, false);
    endTurn();
    assert.equal(isPlanned(), false);
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
    const { begun, arrive, endTurn, turns, clock } = scene();
    turns.begin({
      share: 'another',
      byteLength: largeBytes,
      isForHolders,
      begin: () => (clock.nowMs += 10),
    });
    arrive([1], largeBytes);
    arrive([2]);
    assert.deepEqual(begun, []);
    endTurn();
    assert.deepEqual(begun, [1, 2]);
  });

  it('given a large frame that takes long, then small ones that wait have as much time before the next (REQUEST-TURN-2)', () => {
    const world = turnsOf();
    world.useUp();
    const large = [scene(world, 'a'), scene(world, 'b')];
    for (const { arrive } of large) arrive([40], largeBytes);
    const small = Array.from({ length: 10 }, (_, at) => scene(world, String(at)));
    for (const { arrive } of small) arrive([5]);
    const begun = (of: typeof small): number => of.filter((one) => one.begun.length > 0).length;
    for (let turn = 1; turn <= 8; turn++) {
      world.endTurn();
      assert.deepEqual([begun(small), begun(large)], [turn, 1]);
    }
    world.endTurn();
    assert.deepEqual([begun(small), begun(large)], [9, 2]);
  });

  it('given many frames in one turn, then a bounded part of them is begun in it (ARRIVING-2)', () => {
    const { begun, arrive, endTurn, socket } = scene();
    for (let frame = 0; frame < 30; frame++) arrive([1]);
    assert.deepEqual([begun.length, socket.isPaused], [16, true]);
    endTurn();
    assert.deepEqual([begun.length, socket.isPaused], [24, true]);
    endTurn();
    assert.deepEqual([begun.length, socket.isPaused], [30, false]);
  });

  it('given small frames of many streams in one turn, then it is not longer than that of one stream (ARRIVING-2)', () => {
    const world = turnsOf();
    const streams = Array.from({ length: 40 }, (_, at) => scene(world, String(at)));
    for (const { arrive } of streams) for (let frame = 0; frame < 8; frame++) arrive([1]);
    assert.ok(world.clock.nowMs < 25, String(world.clock.nowMs));
    for (let turn = 0; world.isPlanned(); turn++) {
      const startedMs = world.clock.nowMs;
      world.endTurn();
      assert.ok(world.clock.nowMs - startedMs < 25, String(turn));
    }
    for (const { begun } of streams) assert.equal(begun.length, 8);
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
    const world = turnsOf();
    const streams = Array.from({ length: 5 }, () => scene(world));
    for (const { arrive } of streams) arrive([...slow, ...slow], largeBytes);
    for (let turn = 0; world.isPlanned(); turn++) {
      const halfBegun = streams.filter(({ held }) => held.count > 0);
      assert.ok(halfBegun.length <= 1, `${String(halfBegun.length)} in turn ${String(turn)}`);
      world.endTurn();
    }
    for (const { begun } of streams) assert.deepEqual(begun, [...slow, ...slow]);
  });

  it('given a large frame behind another, then it is not read before those that wait (ARRIVING-5)', () => {
    const world = turnsOf();
    const [first, second] = [scene(world), scene(world)];
    first.arrive([...slow, 1], largeBytes);
    first.arrive([2], largeBytes);
    second.arrive([...slow, 1], largeBytes);
    assert.deepEqual([first.begun.length, second.begun.length], [64, 0]);
    world.endTurn();
    assert.deepEqual([first.begun.length, second.begun.length], [65, 64]);
    world.endTurn();
    assert.deepEqual([first.begun.length, second.begun.length], [66, 65]);
  });

  it('given small frames that go on, then they keep no large one from being read (ARRIVING-5)', () => {
    const world = turnsOf();
    const [small, large] = [scene(world), scene(world)];
    small.arrive([...slow, ...slow, ...slow]);
    large.arrive([1], largeBytes);
    for (let turn = 0; turn < 2; turn++) world.endTurn();
    assert.deepEqual([small.begun.length, large.begun], [192, [1]]);
  });

  it('given large frames that go on, then they keep no small one from being read, even of their caller (ARRIVING-5)', () => {
    const world = turnsOf();
    const streams = Array.from({ length: 50 }, () => scene(world));
    for (const { arrive } of streams)
      arrive(Array.from({ length: 20 }, () => slow).flat(), largeBytes);
    const small = scene(world);
    for (let sent = 1; sent <= 10; sent++) {
      world.useUp();
      small.arrive([1]);
      assert.equal(small.begun.length, sent - 1);
      for (let turn = 0; turn < 2; turn++) world.endTurn();
      assert.equal(small.begun.length, sent);
    }
  });

  it('given another caller with many streams, then a frame waits for one of them (ARRIVING-6)', () => {
    for (const byteLength of [0, largeBytes]) {
      const world = turnsOf();
      world.useUp();
      const many = Array.from({ length: 50 }, () => scene(world, 'another'));
      for (const { arrive } of many) arrive([...slow], byteLength);
      const own = scene(world, 'somebody');
      own.arrive([1], byteLength);
      for (let turn = 0; turn < 2; turn++) world.endTurn();
      assert.deepEqual(own.begun, [1]);
      assert.ok(many.filter(({ begun }) => begun.length > 0).length <= 2);
    }
  });

  it('given a frame that takes many turns, then one of each other caller is begun between (ARRIVING-6)', () => {
    const world = turnsOf();
    const many = Array.from({ length: 50 }, () => scene(world, 'another'));
    world.useUp();
    for (const { arrive } of many) arrive([...slow, ...slow]);
    const own = scene(world, 'somebody');
    own.arrive([...slow, ...slow, ...slow]);
    for (let turn = 0; turn < 6; turn++) world.endTurn();
    assert.equal(own.begun.length, 192);
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
