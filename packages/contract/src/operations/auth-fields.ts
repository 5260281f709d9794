/** What the operations of access have in common: verbs, names, pages, who may use them. */
import { longestPage } from '../fields.ts';
import { always, example, nullable, optional, patterned, string, text, uint32 } from '../schema.ts';
import type { Enumeration, Message, Schema } from '../schema.ts';

/** All of it, whatever is named: who may change one rule may change every one. */
export const operate = { verb: 'admin', resource: 'auth', whole: true } as const;

export const verbs: Enumeration = {
  name: 'AccessVerb',
  typeName: 'AccessVerb',
  description: 'What a rule permits.',
  unspecified: 'Rejected: a rule has a verb.',
  values: {
    read: [1, 'Status, lists and events.'],
    acquire: [2, 'Take, keep and give back; enter, leave, count down.'],
    manage: [3, 'Create, change and delete.'],
    push: [4, 'Put messages into a queue.'],
    consume: [5, 'Take messages of a queue and acknowledge them.'],
    cache_read: [6, 'Read a cache.'],
    cache_write: [7, 'Fill and invalidate a cache.'],
    admin: [8, 'For operators; every other verb as well.'],
  },
};

const namePattern = '^[A-Za-z0-9][A-Za-z0-9._@:-]*$';
export const identity: Schema = example(
  patterned(128, namePattern, 'Name of an identity.'),
  'reports',
);
export const role: Schema = example(patterned(64, namePattern, 'Name of a role.'), 'worker');

export const changed: Message = {
  typeName: 'AuthChangedAnswer',
  protoName: 'AuthChanged',
  description: 'The change is in force on every node that has applied it.',
  fields: { changed: [1, always(true)] },
};

interface Paged {
  readonly after: readonly [1, Schema];
  readonly limit: readonly [2, Schema];
}
export const paged: Paged = {
  after: [1, optional(text(1, 256, '`next_after` of the page before.'))],
  limit: [2, optional(uint32(1, longestPage, 'Rows on a page, at most; 100 when absent.'))],
};
export const nextAfter: Schema = nullable(string('`after` of the next page; null on the last.'));
