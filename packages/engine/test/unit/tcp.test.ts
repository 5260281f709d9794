import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { systemClock } from '../../src/clock.ts';
import { claimFolder, KnownPeers } from '../../src/identity.ts';
import { TcpTransport } from '../../src/transport/tcp.ts';
import { silentLog } from '../cluster.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const yes: Message = { type: 'vote_answer', term: 2, granted: true };

/** What a node hears, one after the other. */
class Heard {
  readonly #messages: Message[] = [];
  #wake: (() => void) | undefined;

  add(messages: readonly Message[]): void {
    this.#messages.push(...messages);
    this.#wake?.();
  }

  async next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

describe('Peers over TCP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tcp-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const open: TcpTransport[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((transport) => transport.close()));
  });

  async function node(name: string): Promise<{
    transport: TcpTransport;
    heard: Heard;
    address: string;
  }> {
    const heard = new Heard();
    const own = join(folder, name);
    const identity = claimFolder(own, {
      clusterId: 'c',
      nodeId: name,
      initialMembers: [],
      joined: false,
    });
    const transport = new TcpTransport({
      identity,
      knownPeers: new KnownPeers(own),
      clientUrl: `http://${name}`,
      clock: systemClock,
      log: silentLog,
      handlers: {
        onMessages: (_from, messages) => heard.add(messages),
        onCall: (_from, request) => Promise.resolve({ echo: request }),
        onUnreachable: () => undefined,
        onClientUrl: () => undefined,
      },
    });
    open.push(transport);
    await transport.listen({ host: '127.0.0.1', port: 0 });
    return { transport, heard, address: `127.0.0.1:${String(transport.port)}` };
  }

  it('answer a member that they do not know yet, on its own connection (T4)', async () => {
    // Given a newcomer that knows a node whose log does not name the newcomer yet
    const newcomer = await node('newcomer');
    const lagging = await node('lagging');
    const id = 'lagging' as MemberId;
    newcomer.transport.setPeers([{ id, address: lagging.address }]);
    while (!newcomer.transport.isConnected(id))
      await new Promise((resolve) => setImmediate(resolve));
    // When it asks for a vote
    newcomer.transport.send(id, vote);
    assert.deepEqual(await lagging.heard.next(), vote);
    lagging.transport.send('newcomer' as MemberId, yes);
    // Then it gets the answer, and so it does for a call
    assert.deepEqual(await newcomer.heard.next(), yes);
    assert.deepEqual(await newcomer.transport.call(id, 'hello', undefined, 5000), {
      echo: 'hello',
    });
  });
});
