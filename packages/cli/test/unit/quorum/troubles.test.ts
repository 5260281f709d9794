import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { explain } from '../../../src/failure.ts';
import { clusterNode } from '../../../src/quorum/ask-nodes.ts';
import type { VoteReport } from '../../../src/quorum/ask-nodes.ts';
import { startFailure } from '../../../src/quorum/node-failure.ts';
import { nodeLog } from '../../../src/quorum/node-log.ts';
import { troublesOf } from '../../../src/quorum/troubles.ts';

describe('why a majority does not vote', () => {
  const well: VoteReport = { url: 'http://a', problem: undefined, refusal: undefined };
  const dead: VoteReport = { ...well, url: 'http://b', problem: 'does not answer (ECONNREFUSED)' };
  const refusing = (code: 'wrong_epoch' | 'not_voting'): VoteReport => ({
    url: 'http://c',
    problem: `refuses: ${code}`,
    refusal: { code, detail: `It is ${code}.` },
  });

  it('given a majority that would, then nothing is', () => {
    assert.equal(troublesOf([well, dead, well]).code, undefined);
  });

  it('given nodes that are down or recover, then each is told', () => {
    const { code, text } = troublesOf([well, dead, refusing('not_voting')]);
    assert.equal(code, 'no_quorum');
    assert.match(text, /http:\/\/b does not answer .*; http:\/\/c refuses: not_voting$/);
    assert.equal(troublesOf([well, refusing('not_voting'), refusing('not_voting')]).code, code);
  });

  it('given one reason of a majority, then it is that reason', () => {
    assert.deepEqual(troublesOf([dead, refusing('wrong_epoch'), refusing('wrong_epoch')]), {
      code: 'wrong_epoch',
      text: '2 of 3 nodes refuse: It is wrong_epoch',
    });
  });

  it('given nodes of a cluster, then they are told as that', () => {
    const cluster: VoteReport = { url: 'http://c', problem: 'refuses', refusal: clusterNode };
    assert.deepEqual(troublesOf([cluster, cluster, well]), {
      code: 'route_not_found',
      text: '2 of 3 nodes are nodes of a cluster, not lease nodes',
    });
  });

  it('given a failure, when it is explained, then the next step is that of a quorum', () => {
    const adviceFor = (code: 'no_quorum' | 'lock_held' | 'wait_timeout' | 'unauthorized'): string =>
      explain(new HoldfastError(code, 'x'), [], 'quorum').advice;
    assert.match(adviceFor('no_quorum'), /quorum-node.*--nodes/);
    assert.match(adviceFor('lock_held'), /--wait SECONDS.*holdfast quorum status NAME/);
    assert.match(adviceFor('wait_timeout'), /holdfast quorum status NAME/);
    assert.match(adviceFor('unauthorized'), /HOLDFAST_API_KEY/);
  });
});

describe('why a lease node does not start', () => {
  const settings = { file: 'n.sqlite', host: '127.0.0.1', port: 5001 };
  const textOf = (fields: object): string => {
    const failure = startFailure(Object.assign(new Error('raw'), fields), settings);
    return failure instanceof Error ? failure.message : '';
  };

  it('is told with the next step', () => {
    assert.match(textOf({ code: 'EADDRINUSE' }), /^Port 5001 of 127\.0\.0\.1 is in use.*--port/);
    assert.match(textOf({ code: 'EADDRNOTAVAIL' }), /--host/);
    assert.match(textOf({ code: 'EACCES' }), /1023/);
    assert.match(textOf({ code: 'ERR_OSSL_PEM_NO_START_LINE' }), /--tls-cert/);
    for (const [errcode, text] of [
      [5, /in use by another process.*--db/],
      [261, /in use by another process/],
    ] as const)
      assert.match(textOf({ code: 'ERR_SQLITE_ERROR', errcode }), text);
  });

  it('given what is not known, then it is passed on as it is', () => {
    assert.equal(textOf({ code: 'EOTHER' }), 'raw');
    assert.equal(textOf({ code: 'ERR_SQLITE_ERROR', errcode: 1 }), 'raw');
  });
});

describe('the log of a lease node', () => {
  const written = (isTTY: boolean): string => {
    let text = '';
    const log = nodeLog('n1', { isTTY, write: (part: string) => (text += part) });
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    log.warn({ peer: 'http://b', err: new TypeError('fetch failed', { cause }) }, 'Not yet.');
    return text;
  };

  it('is text on a terminal, JSON lines elsewhere; an error is told with its cause', () => {
    assert.match(
      written(true),
      /^[\d:.]+ warn {2}n1 {2}Not yet\. .*fetch failed \(ECONNREFUSED\)\n$/,
    );
    const { time, ...line } = JSON.parse(written(false)) as Record<string, unknown>;
    assert.equal(typeof time, 'number');
    assert.deepEqual(line, {
      level: 40,
      node: 'n1',
      peer: 'http://b',
      err: 'fetch failed (ECONNREFUSED)',
      msg: 'Not yet.',
    });
  });
});
