/** Checks of single fields of what comes from a peer. */

/** An index, a term, a length, a count: a whole number from 0 that a double holds exactly. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** SHA-256 in lower-case hexadecimal. */
export const isHash = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** The members of a cluster, of whom one can be elected, each once. */
export function areMembers(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const members: readonly ({ id?: unknown; address?: unknown; role?: unknown } | null)[] = value;
  return (
    members.every(
      (member) =>
        typeof member?.id === 'string' &&
        member.id !== '' &&
        typeof member.address === 'string' &&
        (member.role === 'voter' || member.role === 'learner'),
    ) &&
    members.some((member) => member?.role === 'voter') &&
    new Set(members.map((member) => member?.id)).size === members.length
  );
}
