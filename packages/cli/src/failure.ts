/** An error, as a sentence with the next step, and the exit status that goes with it. */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, ErrorDetails } from '@holdfast/protocol';
import { DiskError } from '@holdfast/storage/files';
import { exitStatus } from './exit-status.ts';
import { inOptions } from './flag-names.ts';
import { printable, printableLines } from './printable.ts';

/** What was asked for cannot be understood; nothing was done. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** An error whose next step depends on more than its code. */
export class AdvisedError extends HoldfastError {
  readonly advice: string;

  constructor(
    code: ErrorCode,
    message: string,
    advice: string,
    details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(code, message, details, options);
    this.advice = advice;
  }
}

/** What helps after a failure of one of its commands, beside what failure.ts says of every group. */
export interface GroupAdvice {
  /** Where one sees who is in the way. */
  readonly look?: string;
  /** What cannot be two things at once. */
  readonly limit?: string;
  /** By the code of an error. */
  readonly codes?: Readonly<Record<string, string>>;
}

export interface Failure {
  /** Stable, for programs: that of the service, or one of `plainCodes`. */
  readonly code: string;
  readonly message: string;
  /** What to do next; empty where the message says it. */
  readonly advice: string;
  readonly status: number;
  /** As the service tells them; for programs. */
  readonly details?: ErrorDetails;
}

const notAcquired: ReadonlySet<string> = new Set([
  'lock_held',
  'lock_delayed',
  'wait_timeout',
  'deadlock',
  'no_permits',
  'not_elected',
  'barrier_closed',
]);
const unreachable: ReadonlySet<string> = new Set([
  'connection_lost',
  'deadline_exceeded',
  'no_quorum',
  'not_leader',
  'shutting_down',
]);

/** What was given on the command line is not what the service takes. */
const wrongUsage: ReadonlySet<string> = new Set(['invalid_request', 'name_too_long']);

/** Where one sees who is in the way, by the group of commands that was used. */
const looks: Readonly<Record<string, string>> = {
  election: '"holdfast election leader NAME" tells who leads and who waits.',
  quorum: '"holdfast quorum status NAME" tells what each node says.',
};

/** Where too few nodes of a quorum vote. */
export const noMajorityAdvice: string =
  'Start nodes until a majority runs ("holdfast quorum-node", or "holdfast quorum-cluster" for all on this machine), or name others with --nodes.';

/**
 * @param group The group of commands that was used: `lock`, `semaphore`, ...
 * @param own What it says itself.
 */
const adviceFor = (
  group: string,
  own: GroupAdvice,
  look: string | undefined = own.look ?? looks[group],
): Readonly<Record<string, string>> => ({
  lock_held: `Wait for it with --wait SECONDS, or see who holds it with "holdfast ${group === 'quorum' ? 'quorum' : 'lock'} status NAME".`,
  lock_delayed: `Wait for it with --wait SECONDS; "holdfast ${group === 'election' ? 'election leader' : 'lock status'} NAME" tells until when.`,
  wait_timeout: look ?? `"holdfast ${group} status NAME" tells who holds it and who waits.`,
  session_not_found: 'Create one with "holdfast session create".',
  session_expired: 'Create a new one with "holdfast session create".',
  stale_fence_token: look ?? 'Somebody else may hold it by now: "holdfast lock status NAME" tells.',
  not_holder: look ?? '',
  no_permits:
    'Wait for them with --wait SECONDS, or see who has them with "holdfast semaphore status NAME".',
  semaphore_not_found:
    'Make it with "holdfast semaphore create NAME --limit N", or give --limit to "holdfast semaphore run".',
  limit_mismatch: `"holdfast ${group} status NAME" tells its ${own.limit ?? 'limit'}.`,
  not_elected:
    'Wait for it with --wait SECONDS, or see who leads with "holdfast election leader NAME".',
  queue_not_found: 'It is made by the first push, or with "holdfast queue configure NAME".',
  queue_order: 'Look at its order with "holdfast queue stats NAME --json".',
  queue_not_empty: 'Purge it with "holdfast queue purge NAME", and --dead-letters.',
  compacted:
    'Look at what is so now ("holdfast lock list", "holdfast election leader NAME", ...) and begin without --after; "holdfast watch --history" shows what is still kept.',
  future_position:
    'It may be of another cluster, or of before a restore: look at what is so now, and begin without --after.',
  unauthorized:
    group === 'quorum' ? 'Give the key in HOLDFAST_API_KEY, or in a file with --api-key-file.' : '',
  semaphore_in_use: '"holdfast semaphore status NAME" tells who uses it.',
  ...own.codes,
});

/** By their names: their classes are those of packages that no other command reads (START-1 of groups.ts). */
const ownCodes: Readonly<Record<string, string>> = {
  RestoreError: 'restore_refused',
  NotALeaseFileError: 'not_a_lease_file',
  NodeTooOldError: 'node_too_old',
};

/**
 * @param endpoints The nodes that were asked, as far as that was decided.
 * @param group The group of commands that was used.
 * @param own What it says itself, see groups.ts.
 */
export function explain(
  error: unknown,
  endpoints: readonly string[],
  group = 'lock',
  own: GroupAdvice = {},
): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError)
    return { code: 'usage', message, advice: '', status: exitStatus.usage };
  if (error instanceof DiskError)
    return { code: error.code, message, advice: '', status: exitStatus.failure };
  if (!(error instanceof HoldfastError)) {
    const code = (error instanceof Error ? ownCodes[error.name] : undefined) ?? 'failure';
    return { code, message, advice: '', status: exitStatus.failure };
  }
  const { code, details } = error;
  const told = error instanceof AdvisedError ? error.advice : undefined;
  if (unreachable.has(code) && errorDefinitions[code].retry === 'same') {
    return {
      code,
      message,
      advice:
        told ??
        (group === 'quorum'
          ? noMajorityAdvice
          : `Asked: ${endpoints.join(', ')}. Start a node with "holdfast server" or "holdfast cluster", or name one with --endpoint.`),
      status: exitStatus.unreachable,
      details,
    };
  }
  if (wrongUsage.has(code))
    return {
      code,
      message: inOptions(message, group),
      advice: told ?? '',
      status: exitStatus.usage,
      details,
    };
  let status: number = exitStatus.failure;
  if (notAcquired.has(code)) status = exitStatus.notAcquired;
  if (code === 'hold_lost') status = exitStatus.leaseLost;
  return { code, message, advice: told ?? adviceFor(group, own)[code] ?? '', status, details };
}

/** What they mean stands in the message. */
const plainCodes: ReadonlySet<string> = new Set([
  'usage',
  'failure',
  'disk_error',
  ...Object.values(ownCodes),
]);

/** On stderr: a sentence and the next step for people, one line of JSON for programs. */
export function failureText(failure: Failure, json: boolean): string {
  const { code, message, status, advice, details = {} } = failure;
  if (json) {
    const error = {
      code,
      message,
      exit_status: status,
      details,
      ...(advice === '' ? {} : { advice }),
    };
    return `${JSON.stringify({ error })}\n`;
  }
  // What a node tells has names of its clients in it, and is one line.
  const named = plainCodes.has(code) ? printableLines(message) : printable(`${message} (${code})`);
  return `holdfast: ${named}\n${advice === '' ? '' : `${printableLines(advice)}\n`}`;
}
