/** The image of a whole core (see image.ts). */
import type { CoreImage } from './image.ts';
import { imageOfMeta } from './message-image.ts';
import type { Core } from './core.ts';

export const imageOfCore = (core: Core): CoreImage => ({
  term: core.term,
  votedFor: core.votedFor,
  leader: core.leader,
  commit: core.commit,
  applied: core.applied,
  stableIndex: core.stableIndex,
  durableTerm: core.durableTerm,
  snapshot: imageOfMeta(core.snapshot),
  log: core.log.image(),
  memberships: core.memberships.image(),
  outbox: core.outbox.image(),
  outputs: core.outputs.image(),
  elections: core.elections.image(),
  receiver: core.receiver.image(),
  leadership: core.leadership?.image() ?? null,
});
