import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchEvent } from '@holdfast/client';
import { changeLine } from '../../src/commands/election-observe.ts';
import { eventLine } from '../../src/event-line.ts';

const about = { position: '7-1', revision: 7, resource: 'x' } as const;

describe('the line of an event', () => {
  it('given all that an event may tell, when it is shown, then it is on one line, in a fixed order', () => {
    const event: WatchEvent = {
      ...about,
      type: 'released',
      kind: 'semaphore',
      client_id: 'me',
      fence_token: 4,
      permits: 2,
      reason: 'forced',
      note: 'moving\nhouse',
      value: { a: 1 },
    };
    assert.equal(
      eventLine(event, new Date(0)),
      '1970-01-01T00:00:00.000Z  7-1  released    semaphore  x  me  token 4  permits 2  forced  (moving\ufffdhouse)  {"a":1}\n',
    );
  });

  it('given the time of the change, when it is shown, then that is told, and not the time of receipt', () => {
    const event: WatchEvent = { ...about, type: 'opened', kind: 'barrier', time: 86_400.5 };
    assert.match(eventLine(event, new Date(0)), /^1970-01-02T00:00:00\.500Z  7-1  opened/);
    assert.match(eventLine(event), /^1970-01-02T00:00:00\.500Z  7-1  opened/);
  });

  it('given no time at all, when it is shown, then the line begins with the position', () => {
    const event: WatchEvent = { ...about, type: 'opened', kind: 'barrier', round: 3 };
    assert.equal(eventLine(event), '7-1  opened      barrier    x  round 3\n');
  });
});

describe('the line of a change of who leads', () => {
  it('given a value with control characters, when it is shown, then none is passed on', () => {
    const leader = { client_id: 'me', fence_token: 4, value: 'a\u001bb' };
    assert.equal(
      changeLine({ ...about, change: 'elected', leader }, new Date(0)),
      '1970-01-01T00:00:00.000Z  7-1  elected     me  token 4  a\ufffdb\n',
    );
  });
});
