import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkLinearizable, lockModel } from '../../src/index.ts';
import type {
  LockAnswer,
  LockCall,
  LockMode,
  LockModelOptions,
  LockOperation,
} from '../../src/index.ts';

/** From and to in ms; no `to`: the outcome is unknown. */
type Span = readonly [fromMs: number, toMs?: number];

const operation = (
  client: string,
  [fromMs, toMs]: Span,
  call: LockCall,
  answer: LockAnswer,
): LockOperation => ({
  client,
  call,
  calledAtMs: fromMs,
  outcome: toMs === undefined ? { type: 'unknown' } : { type: 'answered', answer, atMs: toMs },
});

const lock = 'x';
const granted = (
  session: string,
  span: Span,
  token: number,
  mode: LockMode = 'exclusive',
): LockOperation =>
  operation(
    session,
    span,
    { type: 'acquire', lock, session, mode, wait: true },
    { type: 'granted', token },
  );
const busy = (session: string, span: Span, wait = false): LockOperation =>
  operation(
    session,
    span,
    { type: 'acquire', lock, session, mode: 'exclusive', wait },
    { type: 'busy' },
  );
const released = (session: string, span: Span, token: number): LockOperation =>
  operation(session, span, { type: 'release', lock, session, token }, { type: 'released' });
const refusedRelease = (session: string, span: Span, token: number): LockOperation =>
  operation(session, span, { type: 'release', lock, session, token }, { type: 'not_holder' });
const downgraded = (session: string, span: Span, token: number): LockOperation =>
  operation(session, span, { type: 'downgrade', lock, session, token }, { type: 'downgraded' });
const ended = (session: string, span: Span): LockOperation =>
  operation(session, span, { type: 'end', lock, session }, { type: 'ended' });
const read = (client: string, span: Span, ...tokens: number[]): LockOperation =>
  operation(client, span, { type: 'read', lock }, { type: 'state', tokens });

const verdictOf = (history: readonly LockOperation[], options?: LockModelOptions): string =>
  checkLinearizable(lockModel(options), history).type;

const good: Readonly<Record<string, readonly LockOperation[]>> = {
  'one after the other': [
    granted('a', [0, 1], 1),
    released('a', [2, 3], 1),
    granted('b', [4, 5], 2),
  ],
  'who waits gets it when it is given back': [
    granted('a', [0, 1], 1),
    granted('b', [0, 9], 2),
    released('a', [5, 6], 1),
  ],
  'a grant whose answer came after the other had it back': [
    granted('a', [0, 20], 1),
    released('b', [8, 9], 2),
    granted('b', [6, 7], 2),
    ended('a', [3]),
  ],
  'a try finds it held by one that is being granted': [granted('a', [0, 5], 1), busy('b', [1, 4])],
  'readers hold it together': [
    granted('a', [0, 1], 1, 'shared'),
    granted('b', [2, 3], 2, 'shared'),
    read('c', [4, 5], 1, 2),
  ],
  'entering again tells the token of the hold': [
    granted('a', [0, 1], 4),
    granted('a', [2, 3], 4),
    released('a', [4, 5], 4),
    busy('b', [6, 7]),
    released('a', [8, 9], 4),
    granted('b', [10, 11], 5),
  ],
  'a hold that is downgraded lets a reader in, and keeps its token': [
    granted('a', [0, 1], 1),
    downgraded('a', [2, 3], 1),
    granted('b', [4, 5], 2, 'shared'),
    released('a', [6, 7], 1),
  ],
  'a reader comes in while the downgrading is not answered yet': [
    granted('a', [0, 1], 1),
    downgraded('a', [2, 9], 1),
    granted('b', [4, 5], 2, 'shared'),
  ],
  'an upgrade has a new token, and the old one is good for a release': [
    granted('a', [0, 1], 1, 'shared'),
    granted('a', [2, 3], 2),
    released('a', [4, 5], 1),
    released('a', [6, 7], 2),
    granted('b', [8, 9], 3),
  ],
  'a holder that expired is followed by the next': [
    granted('a', [0, 1], 1),
    ended('a', [10]),
    granted('b', [2, 12], 2),
    refusedRelease('a', [13, 14], 1),
  ],
  'an acquire that nobody saw answered explains why others wait': [
    granted('a', [0], 0),
    busy('b', [5, 6]),
    ended('a', [7, 8]),
    granted('b', [9, 10], 2),
  ],
  'of two acquires that nobody saw answered, that of the session that goes on': [
    granted('a', [0], 0),
    ended('a', [1, 2]),
    granted('b', [3], 0),
    busy('c', [4, 5]),
  ],
  'an unseen grant is read with its token': [
    granted('a', [0], 0),
    read('b', [2, 3], 7),
    ended('a', [4, 5]),
    granted('b', [6, 7], 8),
  ],
  'an unknown release may have happened': [
    granted('a', [0, 1], 1),
    released('a', [2], 1),
    granted('b', [3, 4], 2),
  ],
  'or not': [granted('a', [0, 1], 1), released('a', [2], 1), busy('b', [3, 4])],
};

const bad: Readonly<Record<string, readonly LockOperation[]>> = {
  'a writer beside one that was downgraded': [
    granted('a', [0, 1], 1),
    downgraded('a', [2, 3], 1),
    granted('b', [4, 5], 2),
  ],
  'two holders at once': [granted('a', [0, 1], 1), granted('b', [2, 3], 2)],
  'a writer beside a reader': [granted('a', [0, 1], 1, 'shared'), granted('b', [2, 3], 2)],
  'a token that is used twice': [
    granted('a', [0, 1], 1),
    released('a', [2, 3], 1),
    granted('b', [4, 5], 1),
  ],
  'a token that goes back': [
    granted('a', [0, 1], 5),
    released('a', [2, 3], 5),
    granted('b', [4, 5], 4),
  ],
  'a release that is lost': [granted('a', [0, 1], 1), released('a', [2, 3], 1), busy('b', [4, 5])],
  'an acquire that is lost': [granted('a', [0, 1], 1), read('b', [2, 3])],
  'a try that is refused though it is free': [busy('a', [0, 1])],
  'a release by somebody else': [granted('a', [0, 1], 1), released('b', [2, 3], 1)],
  'a holder that is told it holds nothing': [
    granted('a', [0, 1], 1),
    refusedRelease('a', [2, 3], 1),
  ],
  'a stale read': [granted('a', [0, 1], 1), released('a', [2, 3], 1), read('b', [4, 5], 1)],
  'the next holder before the session of the first can have ended': [
    granted('a', [0, 1], 1),
    ended('a', [10]),
    granted('b', [2, 5], 2),
  ],
  'a hold that outlives its session': [
    granted('a', [0, 1], 1),
    ended('a', [2, 3]),
    read('b', [4, 5], 1),
  ],
  'a grant to a session that has ended': [
    granted('a', [0, 1], 1),
    ended('a', [2, 3]),
    granted('a', [4, 5], 2),
  ],
  'a grant to a session whose end made way for another': [
    granted('a', [0, 1], 1),
    ended('a', [2]),
    granted('b', [3, 4], 2),
    released('b', [5, 6], 2),
    granted('a', [7, 8], 3),
  ],
  'a token that is read twice': [
    granted('a', [0, 1], 1, 'shared'),
    granted('b', [2, 3], 2, 'shared'),
    read('c', [4, 5], 1, 1),
  ],
  'a token that was read for one of two unseen grants and is given again': [
    granted('a', [0], 0, 'shared'),
    granted('b', [1], 0, 'shared'),
    read('c', [2, 3], 5, 9),
    granted('d', [4, 5], 9, 'shared'),
  ],
  'a holder after an acquire that cannot have come before it': [
    granted('a', [5], 0),
    busy('b', [1, 2]),
  ],
};

describe('The lock model', () => {
  for (const [name, history] of Object.entries(good))
    it(`accepts: ${name}`, () => assert.equal(verdictOf(history), 'linearizable'));
  for (const [name, history] of Object.entries(bad))
    it(`refuses: ${name}`, () => assert.equal(verdictOf(history), 'violation'));

  it('lets a try be refused while a lock may be delayed', () => {
    const history = [granted('a', [0, 1], 1), ended('a', [2, 3]), busy('b', [4, 5])];
    assert.equal(verdictOf(history), 'violation');
    assert.equal(verdictOf(history, { mayBeDelayed: true }), 'linearizable');
  });

  it('knows of no delay before a session ended that held it, or after the next grant', () => {
    const options = { mayBeDelayed: true };
    assert.equal(verdictOf([busy('b', [4, 5])], options), 'violation');
    const releasedBefore = [
      granted('a', [0, 1], 1),
      released('a', [2, 3], 1),
      ended('a', [4, 5]),
      busy('b', [6, 7]),
    ];
    assert.equal(verdictOf(releasedBefore, options), 'violation');
    const grantedSince = [
      granted('a', [0, 1], 1),
      ended('a', [2, 3]),
      granted('b', [4, 5], 2),
      released('b', [6, 7], 2),
      busy('c', [8, 9]),
    ];
    assert.equal(verdictOf(grantedSince, options), 'violation');
  });

  it('tells which lock, how far it came, and what cannot come next', () => {
    const verdict = checkLinearizable(lockModel(), [
      granted('a', [0, 1], 1),
      granted('b', [2, 3], 2),
    ]);
    assert.ok(verdict.type === 'violation');
    assert.equal(
      verdict.message,
      '"x": 1 of 2 operations can be put in order. After them the state is held exclusive by a with #1 (last token 1), and none of these can come next: b waits for x: #2 (2.0 to 3.0 ms).',
    );
    assert.deepEqual(verdict.prefixes[0]?.order, [0]);
    assert.deepEqual(verdict.unplaced, [1]);
  });
});
