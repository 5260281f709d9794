/** Streams whose frames wait for a turn: they are not dead, not done, and not forgotten. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import type { Clock } from '@holdfast/engine/parts';
import type { ServerSocket } from '../../src/stream/host.ts';
import { ClientStreams } from '../../src/stream/streams.ts';
import { largeBytes, RequestTurns } from '../../src/turns/request-turns.ts';
import { startHarness } from '../harness.ts';

/** A clock whose turns end, and whose timers fire, when the test says so. */
function clockOf() {
  let nowMs = 0;
  let due: (() => void)[] = [];
  let timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    endOfTurn: (callback) => void due.push(callback),
    after: (_delayMs, callback) => {
      timers.push(callback);
      return () => (timers = timers.filter((one) => one !== callback));
    },
  };
  const callAll = (callbacks: readonly (() => void)[]): void => {
    for (const callback of callbacks) callback();
  };
  return {
    clock,
    pass: (ms: number) => (nowMs += ms),
    endTurn: () => callAll(due.splice(0)),
    fireTimers: () => callAll(timers.splice(0)),
  };
}

function scene(t: TestContext) {
  const { built, engine } = startHarness(t);
  const { clock, pass, endTurn, fireTimers } = clockOf();
  const turns = new RequestTurns(clock);
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const streams = new ClientStreams(built.context, clock, log, turns);
  const heard = new Map<string, (...values: never[]) => void>();
  const calls: string[] = [];
  const sent: string[] = [];
  const socket: ServerSocket & { readyState: number } = {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 0,
    on: (event, hear) => void heard.set(event, hear),
    send: (frame) => void sent.push(frame.toString()),
    ping: ignore,
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    close: () => void calls.push('close'),
    terminate: () => void calls.push('terminate'),
  };
  streams.admit(socket, built.context);
  const tell = (event: string, ...values: readonly unknown[]): void => {
    Reflect.apply(heard.get(event) ?? assert.fail(), socket, values);
  };
  const receive = (frame: unknown, byteLength = 0): void =>
    tell('message', Buffer.from(JSON.stringify(frame).padEnd(byteLength)), false);
  return {
    streams,
    engine,
    socket,
    calls,
    sent,
    tell,
    receive,
    endTurn,
    fireTimers,
    /** A frame that waits for the next turn: another large request has had this one. */
    receiveLate: (frame: unknown): void => {
      turns.begin({
        share: 'another',
        byteLength: largeBytes,
        isForHolders: () => false,
        begin: () => void pass(10),
      });
      receive(frame, largeBytes);
      assert.deepEqual(calls, ['pause']);
    },
  };
}

describe('A stream', () => {
  it('given that its frames wait for longer than two heartbeats, then it is not ended as dead', (t) => {
    const { receiveLate, calls, endTurn, fireTimers } = scene(t);
    fireTimers();
    receiveLate([[1, 'ping', null]]);
    for (let beat = 0; beat < 3; beat++) fireTimers();
    endTurn();
    // Its pong may not be read yet.
    fireTimers();
    assert.deepEqual(calls, ['pause', 'resume']);
    fireTimers();
    assert.deepEqual(calls, ['pause', 'resume', 'terminate']);
  });

  it('given a frame between two heartbeats and no pong, then it is not ended as dead', (t) => {
    const { receive, calls, fireTimers } = scene(t);
    for (let beat = 0; beat < 3; beat++) {
      fireTimers();
      receive([[1, 'ping', null]]);
    }
    assert.deepEqual(calls, []);
  });

  it('given that its client ends it, then what came before is begun, and then it is forgotten (ARRIVING-4)', (t) => {
    const { receiveLate, streams, engine, socket, tell, endTurn, sent } = scene(t);
    receiveLate([[1, 'create_session', {}]]);
    socket.readyState = 3;
    tell('close');
    assert.deepEqual([engine.submitted.length, streams.stats.connections], [0, 1]);
    const sentBefore = sent.length;
    endTurn();
    assert.deepEqual(
      engine.submitted.map(({ command }) => command.type),
      ['create_session'],
    );
    endTurn();
    assert.deepEqual([streams.stats.connections, sent.length], [0, sentBefore]);
  });

  it('given that its node ends it, then what waits is not begun (ARRIVING-4)', (t) => {
    const { receiveLate, engine, streams, calls, endTurn } = scene(t);
    receiveLate([[1, 'create_session', {}]]);
    void streams.close(0);
    endTurn();
    assert.deepEqual(engine.submitted, []);
    assert.deepEqual(calls.slice(0, 3), ['pause', 'resume', 'close']);
  });

  it('given that its node stops while its frames wait, then they are answered first', async (t) => {
    const { receiveLate, streams, calls, sent, tell, endTurn, fireTimers } = scene(t);
    receiveLate([[1, 'list_locks', {}]]);
    streams.stop();
    const closed = streams.close(1000);
    assert.deepEqual(calls, ['pause']);
    endTurn();
    fireTimers();
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(calls, ['pause', 'resume', 'close']);
    assert.match(sent.at(-1) ?? '', /^\[\[1,1,.*"shutting_down"/);
    tell('close');
    fireTimers();
    await closed;
  });
});
