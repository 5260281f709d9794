/** What makes requests and sessions large: many holds of one session, and metadata. */
import type { Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { ClientPlan } from '../run/plan.ts';
import type { Random } from '../world/random.ts';

const mostHolds = 60;

/** Takes many locks at once that nobody else wants, and keeps them until the session ends. */
export async function hoard(
  session: Session,
  owner: string,
  plan: ClientPlan,
  random: Random,
): Promise<void> {
  const count = 1 + random.below(mostHolds);
  const names = Array.from({ length: count }, (_, index) => `hoard-${owner}-${String(index)}`);
  const asked = names.map((name) => session.lock(name, { waitMs: 0, ...metadataOf(plan) }));
  for (const outcome of await Promise.allSettled(asked)) {
    if (outcome.status === 'rejected' && !(outcome.reason instanceof HoldfastError))
      throw outcome.reason;
  }
}

export const metadataOf = ({
  metadataBytes,
}: ClientPlan): { readonly metadata?: { readonly text: string } } =>
  metadataBytes === 0 ? {} : { metadata: { text: 'x'.repeat(metadataBytes) } };

export function timeoutOf(
  { timeoutSeconds: [shortest, longest] }: ClientPlan,
  random: Random,
): number {
  return shortest + random.below(longest - shortest + 1);
}
