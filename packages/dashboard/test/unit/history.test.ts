/** What the history of a resource says of each event that there is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchEvent } from '@holdfast/protocol';
import { eventText } from '../../src/page/resource.ts';

type Said = Omit<WatchEvent, 'position' | 'revision' | 'resource' | 'type'>;

const ofA = { client_id: 'a', fence_token: 7 } as const;

/** Of each type, as `wireEvents` of the api tells it. */
const sentences: Readonly<Record<WatchEvent['type'], readonly (readonly [Said, string])[]>> = {
  granted: [
    [{ kind: 'lock', ...ofA, mode: 'shared' }, 'a was granted it (shared) with fence token 7'],
    [{ kind: 'semaphore', ...ofA, permits: 2 }, 'a was granted 2 permits with fence token 7'],
    [{ kind: 'semaphore', ...ofA, permits: 1 }, 'a was granted 1 permit with fence token 7'],
    [{ kind: 'election', ...ofA }, 'a was elected with fence token 7'],
    // From a log that does not tell who.
    [{ kind: 'lock' }, 'someone was granted it'],
  ],
  released: [
    [{ kind: 'lock', ...ofA, reason: 'released' }, 'a released it with fence token 7'],
    [
      { kind: 'lock', ...ofA, reason: 'forced', note: 'it hangs' },
      'The hold of a with fence token 7 was released by force',
    ],
    [
      { kind: 'lock', ...ofA, reason: 'max_hold' },
      'The hold of a with fence token 7 ended: its longest time was over',
    ],
  ],
  expired: [
    [
      { kind: 'lock', ...ofA, reason: 'expired' },
      'The hold of a with fence token 7 ended: its session expired',
    ],
  ],
  downgraded: [
    [{ kind: 'lock', ...ofA, mode: 'shared' }, 'a went on in shared mode with fence token 7'],
  ],
  waiting: [[{ kind: 'lock', client_id: 'b' }, 'b began to wait']],
  left: [
    [{ kind: 'lock', client_id: 'b', reason: 'wait_timeout' }, 'b left the queue (wait_timeout)'],
    [{ kind: 'barrier', client_id: 'b', round: 3 }, 'b left'],
  ],
  proclaimed: [[{ kind: 'election', ...ofA, value: { at: 1 } }, 'a published another value']],
  created: [[{ kind: 'semaphore', limit: 4 }, 'It was created']],
  resized: [[{ kind: 'semaphore', limit: 4 }, 'The limit became 4']],
  deleted: [[{ kind: 'latch' }, 'It was deleted']],
  entered: [[{ kind: 'barrier', client_id: 'b', round: 3 }, 'b entered']],
  opened: [
    [{ kind: 'barrier', round: 3 }, 'All parties had entered: it opened'],
    [{ kind: 'latch', count: 0 }, 'The count was 0: it opened'],
  ],
  over: [[{ kind: 'barrier', round: 3 }, 'Round 3 was over']],
  counted: [[{ kind: 'latch', count: 2 }, 'Counted down to 2']],
};

describe('The history of a resource', () => {
  for (const type of Object.keys(sentences) as WatchEvent['type'][])
    it(`says what happened where it was ${type}`, () => {
      for (const [said, sentence] of sentences[type])
        assert.equal(
          eventText({ position: '1-1', revision: 1, resource: 'jobs', type, ...said }),
          sentence,
        );
    });
});
