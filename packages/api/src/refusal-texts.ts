/**
 * What a refusal of the state machine says to people. The text that the state machine stores with an answer is a part
 * of the replicated state, so it keeps its wording for as long as members of several releases may have to agree; what
 * users read is made here, out of the code and the details.
 */
import type { ErrorCode } from '@holdfast/protocol';

interface Told {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The cycle as `a → b → a`; undefined where the details do not tell it. */
function cycleText(members: unknown): string | undefined {
  if (!Array.isArray(members)) return undefined;
  const names = members.map((member: unknown) =>
    isRecord(member) ? String(member['client_id']) : '?',
  );
  return names.length === 0 ? undefined : [...names, names[0]].join(' → ');
}

/** The message of a refusal in standard terms: what happened, and what to do next. */
export function refusalText({ code, message, details = {} }: Told): string {
  if (code === 'deadlock') {
    const cycle = cycleText(details['members']);
    return cycle === undefined
      ? message
      : `Waiting would cause a deadlock: ${cycle}. The request was not executed. Release what the others wait for first, or acquire several resources in one request or always in the same order.`;
  }
  if (code === 'lock_delayed' && typeof details['delayed_for_ms'] === 'number') {
    const seconds = Math.ceil(details['delayed_for_ms'] / 100) / 10;
    return `The lock is in its lock-delay period for another ${String(seconds)} s, because the session of a holder expired. Wait with wait_seconds, or retry later.`;
  }
  return message;
}
