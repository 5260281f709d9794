/** Requests of HTTP that come together, over connections of their own. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HttpTurns } from '../../../src/http/http-turns.ts';
import { callerFrom } from '../../../src/pipeline/caller.ts';
import { largeBytes } from '../../../src/turns/request-turns.ts';
import type { RequestTurns } from '../../../src/turns/request-turns.ts';
import { assertEnds, assertSoon } from '../../../../checker/src/waits.ts';
import { assertProblem, startHarness } from '../../harness.ts';
import type { Answer } from '../../harness.ts';
import { clockOf, isForHolders, slowRequestsOf, turnsOf } from './turns-of.ts';

const largePayload = 'x'.repeat(largeBytes);

const push = (key: string, payload: string): string => {
  const body = JSON.stringify({ key, payload });
  return [
    'POST /queue/push HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${String(body.length)}`,
    '',
    body,
  ].join('\r\n');
};

/** Of the room of a caller of this machine for what waits only so much is left. */
function fill(turns: RequestTurns, leftBytes: number): void {
  turns.begin({
    share: callerFrom('127.0.0.1').share,
    byteLength: 32 * 1024 * 1024 - 8192 - leftBytes,
    isForHolders,
    begin: () => undefined,
  });
}

const statuses = (text: string): readonly string[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => match[1] ?? '');

/** Requests of connections that are no more than names, begun by name. */
function sceneOfNames() {
  const world = turnsOf();
  const ofHttp = new HttpTurns(world.turns);
  const begun: string[] = [];
  const ask = (name: string, connection: { destroyed: boolean }, byteLength: number): void =>
    ofHttp.begin({
      connection,
      share: 'x',
      byteLength,
      isForHolders,
      begin: () => {
        world.clock.nowMs += 5;
        begun.push(name);
      },
      fail: assert.fail,
    });
  return { ...world, ofHttp, begun, ask };
}

/** A node whose turns end when the test says so, and in which each large request takes longer than its share of one. */
async function scene(t: TestContext) {
  const world = turnsOf();
  const harness = startHarness(t, { clock: clockOf(world) });
  const { built } = harness;
  const { turns, keys } = slowRequestsOf(harness, world);
  const sockets: Socket[] = [];
  built.app.server.on('connection', (socket: Socket) => void sockets.push(socket));
  await built.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = built.app.server.address() as AddressInfo;
  const connection = (): { readonly socket: Socket; text: () => string } => {
    const socket = connect({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    return { socket, text: () => text };
  };
  const endAll = async (): Promise<void> => {
    for (let turn = 0; world.isPlanned() || turns.waitingBytes > 0; turn++) {
      assert.ok(turn < 10_000, 'Something waits for ever.');
      world.endTurn();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { ...world, ...harness, turns, connection, sockets, keys, endAll };
}

describe('Requests of HTTP that come together', () => {
  it('given large ones, then they are begun in turns, in order, and small ones at once (HTTP-TURN-1)', async (t) => {
    const { request, keys, endAll } = await scene(t);
    const answers = ['a', 'b', 'c'].map((key) =>
      request('POST', '/queue/push', { key, payload: largePayload }),
    );
    const small = await assertEnds(request('POST', '/queue/push', { key: 'small', payload: '' }));
    assert.equal(small.status, 200);
    assert.deepEqual(keys(), ['a', 'small']);
    await endAll();
    for (const { status } of await assertEnds(Promise.all(answers))) assert.equal(status, 200);
    assert.deepEqual(keys(), ['a', 'small', 'b', 'c']);
  });

  it('given many headers, then they count for what may wait (REQUEST-TURN-4)', async (t) => {
    const { connection, turns, useUp, endAll } = await scene(t);
    const { socket, text } = connection();
    const headers = Array.from({ length: 900 }, (_, at) => `X-${String(at)}: ${'v'.repeat(8)}`);
    useUp(turns);
    socket.write(`POST /sessions HTTP/1.1\r\nHost: localhost\r\n${headers.join('\r\n')}\r\n`);
    socket.write('Content-Length: 0\r\n\r\n');
    await assertSoon(() => turns.waitingBytes > 0);
    assert.ok(turns.waitingBytes > 86_000, String(turns.waitingBytes));
    await endAll();
    await assertSoon(() => text().startsWith('HTTP/1.1 200'));
  });

  it('given a small one behind a large one on its connection, then it is begun behind it (HTTP-TURN-2)', async (t) => {
    const { connection, turns, keys, engine, endAll } = await scene(t);
    // A small one would still be begun in this turn.
    turns.begin({ share: 'another', byteLength: 0, isForHolders, begin: () => undefined });
    assert.equal(turns.mayBegin(0), true);
    const { socket, text } = connection();
    const waiting = (requests: number): boolean =>
      turns.waitingBytes > largeBytes + requests * 8192;
    socket.write(push('large', largePayload));
    await assertSoon(() => waiting(1));
    socket.write(push('small', ''));
    await assertSoon(() => waiting(2) || engine.submitted.length > 0);
    socket.write('POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    await assertSoon(() => waiting(3) || engine.submitted.length > 0);
    assert.equal(engine.submitted.length, 0);
    await endAll();
    await assertSoon(() => text().split('HTTP/1.1 200').length === 4);
    assert.deepEqual(keys(), ['large', 'small']);
    assert.equal(engine.submitted.at(-1)?.command.type, 'create_session');
  });

  it('given many without a body, then they are begun in turns as others are (HTTP-TURN-1)', async (t) => {
    const { connection, turns, endAll } = await scene(t);
    const connections = [connection(), connection(), connection()];
    for (const { socket } of connections)
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5));
    const answered = (): number =>
      connections.reduce((sum, { text }) => sum + statuses(text()).length, 0);
    // A turn has time for two.
    await assertSoon(() => turns.waitingBytes === 13 * 8192 && answered() === 2);
    await endAll();
    await assertSoon(() => answered() === 15);
  });

  it('given a large one behind a small one on its connection, then it is begun as a large one (HTTP-TURN-2)', () => {
    const { ask, begun, useUp, turns, endTurn, ofHttp } = sceneOfNames();
    turns.goOn(() => void begun.push('rest'));
    useUp();
    const connection = { destroyed: false };
    ask('small', connection, 0);
    ask('large', connection, largeBytes);
    ask('after', connection, 0);
    endTurn();
    assert.deepEqual(begun, ['small', 'rest', 'large']);
    endTurn();
    assert.deepEqual(begun, ['small', 'rest', 'large', 'after']);
    assert.deepEqual([ofHttp.connections, turns.waitingBytes], [0, 0]);
  });

  it('given a small one behind a large one on its connection, then it waits for no other large one (HTTP-TURN-2)', () => {
    const { ask, begun, useUp, endTurn } = sceneOfNames();
    useUp();
    const connection = { destroyed: false };
    ask('large', connection, largeBytes);
    ask('small', connection, 0);
    for (let at = 0; at < 10; at++) ask('another', { destroyed: false }, largeBytes);
    endTurn();
    endTurn();
    assert.deepEqual(begun, ['large', 'small', 'another']);
  });

  it('given one that is refused between others of its connection, then all are answered (HTTP-TURN-5)', async (t) => {
    const { connection, turns, keys, endAll, useUp } = await scene(t);
    useUp(turns);
    fill(turns, 3 * (8192 + 100));
    const { socket, text } = connection();
    const noJson = push('', '').replace('{', '(');
    socket.write([push('a', ''), noJson, push('b', largePayload), push('c', '')].join(''));
    await assertSoon(() => turns.waitingBytes > 32 * 1024 * 1024 - 8192);
    await endAll();
    await assertSoon(() => statuses(text()).length === 4);
    assert.deepEqual(statuses(text()), ['200', '400', '503', '200']);
    assert.deepEqual(keys(), ['a', 'c']);
    assert.doesNotMatch(text(), /connection: close/i);
    socket.write(push('d', ''));
    await endAll();
    await assertSoon(() => statuses(text()).length === 5);
  });

  it('given one whose connection ends before its turn, then it is not begun (HTTP-TURN-3)', async (t) => {
    const { connection, turns, keys, sockets, endAll, useUp } = await scene(t);
    useUp(turns);
    const { socket } = connection();
    socket.write(push('large', largePayload));
    await assertSoon(() => turns.waitingBytes > largeBytes);
    socket.destroy();
    await assertSoon(() => sockets.every(({ destroyed }) => destroyed));
    await endAll();
    assert.deepEqual([keys(), turns.waitingBytes], [[], 0]);
  });

  it('given that too much waits, then they are refused, and not begun (REQUEST-TURN-4)', async (t) => {
    const { request, turns, keys, endAll, useUp } = await scene(t);
    useUp(turns);
    fill(turns, 0.1 * 1024 * 1024);
    const refused: Answer[] = [];
    const asked: Promise<unknown>[] = [];
    for (let at = 0; at < 10; at++)
      asked.push(
        request('POST', '/queue/push', { key: 'k', payload: largePayload }).then((answer) => {
          if (answer.status !== 200) refused.push(answer);
        }),
      );
    await assertSoon(() => refused.length > 0);
    assertProblem(refused[0] ?? assert.fail(), 503, 'overloaded');
    // What keeps or gives back has room above that, and waits (RATE-2).
    const waitingBytes = turns.waitingBytes;
    const kept = ['/sessions/x/keepalive', '/operations/keepalive'].flatMap((path) => {
      const body = path.startsWith('/sessions') ? {} : { session_id: 'x' };
      return [request('POST', path, body), request('POST', path, body)];
    });
    await assertSoon(() => turns.waitingBytes > waitingBytes + 4 * 8192);
    await endAll();
    await assertEnds(Promise.all(asked));
    assert.ok(keys().length > 0 && keys().length < 10, String(keys().length));
    for (const { status } of await assertEnds(Promise.all(kept))) assert.notEqual(status, 503);
  });

  it('given one that throws after it has waited, then that is its answer, and nothing is thrown (HTTP-TURN-4)', () => {
    const { turns, useUp, endTurn, defects } = turnsOf();
    const ofHttp = new HttpTurns(turns);
    useUp();
    const failed: string[] = [];
    const connection = { destroyed: false };
    ofHttp.begin({
      connection,
      share: 'x',
      byteLength: 0,
      isForHolders,
      begin: () => {
        throw new Error('A defect.');
      },
      fail: ({ message }) => void failed.push(message),
    });
    assert.equal(ofHttp.connections, 1);
    endTurn();
    assert.deepEqual([failed, defects, ofHttp.connections], [['A defect.'], [], 0]);
  });
});
