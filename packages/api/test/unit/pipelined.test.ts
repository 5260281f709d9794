/** PIPELINED-1, by a real socket that sends many requests at once. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { mostInFlight } from '../../src/http/pipelined.ts';
import { startHarness } from '../harness.ts';
import { clockOf, turnsOf } from './turns/turns-of.ts';

/** Sends so many requests in one write, and the end. @returns What came until the connection was closed. */
async function sent(t: TestContext, count: number) {
  const world = turnsOf();
  const { built } = startHarness(t, { clock: clockOf(world) });
  await built.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = built.app.server.address() as AddressInfo;
  let seen = 0;
  let mostWaitingBytes = 0;
  // Until each has come no turn ends.
  world.useUp(built.http.turns);
  built.app.server.on('request', () => {
    seen += 1;
    setImmediate(() => {
      mostWaitingBytes = Math.max(mostWaitingBytes, built.http.turns.waitingBytes);
      if (seen >= Math.min(count, mostInFlight)) world.endAll();
    });
  });
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  const texts: string[] = [];
  socket.on('data', (data) => texts.push(data.toString('latin1')));
  socket.end('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count));
  await new Promise((resolve) => socket.once('close', resolve)); // It may be reset before.
  await built.close();
  const answers = texts.join('').split('HTTP/1.1 200').length - 1;
  return { seen, answers, mostWaitingBytes };
}

describe('Requests that are sent together on one connection', () => {
  it('are all answered while they are few', async (t) => {
    const { seen, answers } = await sent(t, mostInFlight);
    assert.deepEqual([seen, answers], [mostInFlight, mostInFlight]);
  });

  it('end it where they are many, and are read no further (PIPELINED-1)', async (t) => {
    const { seen, answers, mostWaitingBytes } = await sent(t, 20_000);
    assert.ok(answers <= mostInFlight, `${String(answers)} answers`);
    assert.ok(seen <= 2 * 1639, `${String(seen)} were looked at, of two chunks at most`);
    assert.ok(mostWaitingBytes <= mostInFlight * 16 * 1024, String(mostWaitingBytes));
  });
});
