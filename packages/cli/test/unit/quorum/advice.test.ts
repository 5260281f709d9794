import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain } from '../../../src/failure.ts';
import { adviceFor, noMajorityError, twinsText } from '../../../src/quorum/advice.ts';
import { clusterNode, countOnce } from '../../../src/quorum/ask-nodes.ts';
import type { LeaseNodeReport, NodeRefusal, VoteReport } from '../../../src/quorum/ask-nodes.ts';
import { asOptions } from '../../../src/quorum/redis-servers.ts';

const saying = (
  url: string,
  fields: {
    readonly voting?: boolean;
    readonly fresh?: boolean;
    readonly waitsMs?: number;
    readonly fileId?: number;
  } = {},
): LeaseNodeReport => ({
  url,
  answer: {
    resource: 'x',
    voting: fields.voting ?? true,
    held: false,
    client_id: null,
    remaining_ms: 0,
    max_token: 1,
    waiters: 0,
    epoch: 1,
    set: '',
    file_id: fields.fileId ?? Number(url),
    fresh: fields.fresh ?? false,
    waits_ms: fields.waitsMs ?? 0,
  },
});
const isNew = (url: string): LeaseNodeReport =>
  saying(url, { voting: false, fresh: true, waitsMs: 60_000 });
const lost = isNew;
const silent = (url: string, refusal?: NodeRefusal): LeaseNodeReport => ({
  url,
  answer: undefined,
  problem: 'does not answer',
  refusal,
});

describe('what to do where no majority of lease nodes votes', () => {
  const advice = (...reports: readonly LeaseNodeReport[]): string => adviceFor('nodes', reports);

  it('given nodes that are new and all run, then what their --peers name makes them vote', () => {
    const text = advice(isNew('1'), isNew('2'), isNew('3'));
    assert.match(text, /These nodes are new.*--peers.*same set/);
    assert.doesNotMatch(text, /[Ss]tart nodes|lock run/);
  });

  it('given new nodes of which one does not run, then it is started: all have to', () => {
    assert.match(
      advice(isNew('1'), isNew('2'), silent('3')),
      /new nodes vote when all of them run/,
    );
  });

  it('given a node that lost its file, then it is told when it votes at the earliest', () => {
    const waiting = saying('3', { voting: false, waitsMs: 46_200 });
    assert.match(
      advice(saying('1'), waiting, silent('2')),
      /^3 votes in 47 s at the earliest.*start/,
    );
    const five = [saying('1'), saying('2'), lost('3'), lost('4'), waiting];
    assert.match(advice(...five), /votes in 47 s at the earliest/, 'one more is enough');
    assert.doesNotMatch(advice(...five), /start/);
  });

  it('given nodes that have waited and cannot learn the tokens, then it is told what they lack', () => {
    const waited = saying('2', { voting: false, fresh: true });
    assert.match(advice(saying('1'), waited, waited), /majority of the others.*larger --epoch/);
  });

  it('given too few nodes that answer, then nodes are started', () => {
    assert.match(advice(saying('1'), silent('2'), silent('3')), /^Start nodes/);
  });

  it('given nodes of a cluster, then the commands for those are named', () => {
    const vote = (url: string): VoteReport => ({ url, problem: 'x', refusal: clusterNode });
    const votes = ['1', '2', '3'].map(vote);
    const reports = votes.map(({ url }) => silent(url, clusterNode));
    const error = noMajorityError('x', 'nodes', votes, reports);
    assert.equal(error?.code, 'route_not_found');
    assert.match(explain(error, [], 'quorum').advice, /holdfast lock run/);
  });
});

describe('what to do where no majority of Redis servers votes', () => {
  const notVoting: NodeRefusal = { code: 'not_voting', detail: 'It is new here.' };
  const advice = (...reports: readonly LeaseNodeReport[]): string => adviceFor('servers', reports);

  it('names servers and how they are admitted, never nodes', () => {
    const admitted = advice(silent('1', notVoting), silent('2', notVoting), saying('3'));
    assert.match(admitted, /quorum admit --voters.*--new-set/);
    const started = advice(silent('1'), silent('2'), saying('3'));
    assert.match(started, /Start the servers.*--voters/);
    for (const text of [admitted, started]) assert.doesNotMatch(text, /node|admit .*--nodes/);
  });

  it('names what the library calls by its settings as options', () => {
    assert.equal(
      asOptions('Set it, or pass allowLossOnRestart.'),
      'Set it, or give --allow-loss-on-restart.',
    );
    assert.equal(asOptions('If it is new, pass isNewSet.'), 'If it is new, give --new-set.');
  });
});

describe('a node that is named twice', () => {
  const reports = countOnce([
    saying('a', { fileId: 7 }),
    saying('b', { fileId: 7 }),
    saying('c', { fileId: 8 }),
  ]);

  it('counts once, by the address that was named first', () => {
    assert.deepEqual(
      reports.map(({ answer }) => answer?.voting),
      [true, undefined, true],
    );
  });

  it('is told by both addresses', () => {
    assert.match(twinsText(reports), /^a and b are one node: it has one vote/);
    assert.equal(twinsText([saying('1'), saying('2')]), '');
  });

  it('given its vote twice, then there is no majority', () => {
    const well = (url: string): VoteReport => ({ url, problem: undefined, refusal: undefined });
    const silentThird = [...reports.slice(0, 2), silent('c')];
    const dead: VoteReport = { url: 'c', problem: 'does not answer', refusal: undefined };
    const error = noMajorityError('x', 'nodes', [well('a'), well('b'), dead], silentThird);
    assert.match(error?.message ?? '', /b is the same node as a; c does not answer/);
  });
});
