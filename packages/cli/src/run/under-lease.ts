/** What every `... run` command does with what it has taken: runs the command, and tells what went wrong. */
import { exitStatus } from '../exit-status.ts';
import { printable, warn } from '../printable.ts';
import { CommandNotStarted, runGuarded } from './guarded-command.ts';
import type { CommandEnd, CommandLease } from './guarded-command.ts';

export interface RunEnd {
  /** Undefined when it could not be started. */
  readonly end: CommandEnd | undefined;
  /** The exit status to pass on. */
  readonly status: number;
}

/**
 * Runs the command under the guard; tells on stderr where it could not be started.
 *
 * @param variables What the command finds in its environment.
 * @param stdin A file that it reads; this process's own when absent.
 */
export async function runUnderLease(
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
  lease: CommandLease,
  stdin?: number,
): Promise<RunEnd> {
  try {
    const end = await runGuarded(command, variables, lease, stdin);
    return { end, status: end.status };
  } catch (error) {
    if (!(error instanceof CommandNotStarted)) throw error;
    warn(error.message);
    return { end: undefined, status: error.status };
  }
}

/**
 * Tells that the command was stopped with the lease.
 *
 * @param why A sentence more; empty: nothing is known.
 * @returns The exit status for that.
 */
export function tellLoss(name: string, why: string): number {
  warn(`the lease of "${name}" was lost or could not be renewed; the command was stopped.`);
  if (why !== '') process.stderr.write(`${printable(why)}\n`);
  return exitStatus.leaseLost;
}
