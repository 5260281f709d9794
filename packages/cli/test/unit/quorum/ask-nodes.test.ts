import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { assertEnds } from '../../../../checker/src/waits.ts';
import { leaseNodeAmong, questionsToNodes } from '../../../src/quorum/ask-nodes.ts';

/** Of a body that never ends. */
const muchMore = Buffer.alloc(20 * 1024 * 1024, ' ');
/** Who waits for its end waits for as long, and longer than the tests. */
const patienceMs = 60_000;
const timeout = 20_000;

describe('What is read of an address that answers without end (ANS-1)', () => {
  let server: Server;
  let url: string;
  let cutOff: Promise<unknown>[];
  beforeEach(async () => {
    cutOff = [];
    server = createServer((_request, response) => {
      cutOff.push(once(response, 'close'));
      response.write(muchMore);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is bounded where a status is asked for', { timeout }, async () => {
    const asked = questionsToNodes([url], undefined, 1).status('x', patienceMs);
    const [report] = await assertEnds(asked);
    assert.ok(report?.answer === undefined);
    assert.equal(report?.problem, 'does not respond as a lease node');
    assert.ok(cutOff.length > 0);
  });

  it('is bounded where a vote is asked for', { timeout }, async () => {
    const questions = questionsToNodes([url], undefined, 1);
    const [report] = await assertEnds(questions.votes('x', 1000, patienceMs));
    assert.equal(report?.problem, 'does not respond as a lease node');
  });

  it('is bounded where health is asked for', { timeout }, async () => {
    assert.equal(await assertEnds(leaseNodeAmong([url], patienceMs)), undefined);
    assert.equal(cutOff.length, 1);
    await assertEnds(Promise.all(cutOff));
  });
});
