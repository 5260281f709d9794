/** A caller has no more streams than it may, also where what came on one waits for its turn (ARRIVING-4). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { streamPath } from '@holdfast/protocol';
import { largeBytes } from '../../src/turns/request-turns.ts';
import { startHarness } from '../harness.ts';
import { clockOf, turnsOf } from './turns/turns-of.ts';

const upgrade = [
  `GET ${streamPath} HTTP/1.1`,
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  '\r\n',
].join('\r\n');

/** As a client sends it, with a mask of zeros. @param opcode 1: a text, 8: the end. */
function frameOf(opcode: number, text: string): Buffer {
  const { length } = text;
  const bytes = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.from([0x80 | opcode, ...bytes, 0, 0, 0, 0, ...Buffer.from(text)]);
}

describe('The streams of one caller', () => {
  it('are counted until what came on them is begun, and not until their sockets are closed', async (t) => {
    // Given a node that takes two streams of a caller, and a turn that is used up.
    const world = turnsOf();
    const { built } = startHarness(t, {
      clock: clockOf(world),
      limits: { maxStreams: 4, maxStreamsPerCaller: 2 },
    });
    await built.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = built.app.server.address() as AddressInfo;
    world.useUp(built.http.turns);

    /** Sends what has to wait and ends the stream, in one write. @returns How the upgrade was answered. */
    const openAndEnd = async (): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      socket.write(upgrade);
      const [first] = (await once(socket, 'data')) as [Buffer];
      const status = first.toString('latin1').slice(9, 12);
      const late = JSON.stringify([[1, 'ping', null]]).padEnd(largeBytes);
      const closed = once(socket, 'close');
      if (status === '101') socket.end(Buffer.concat([frameOf(1, late), frameOf(8, '')]));
      await closed;
      return status;
    };

    // When it opens one after the other, each closed before the next one.
    const statuses = [await openAndEnd(), await openAndEnd(), await openAndEnd()];

    // Then the third is refused, until the others are forgotten.
    assert.deepEqual(statuses, ['101', '101', '429']);
    world.endAll();
    assert.equal(await openAndEnd(), '101');
    await built.close();
  });
});
