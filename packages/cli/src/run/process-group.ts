/** A process group: the command, and every descendant that did not leave the group by itself. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Sends a signal to every member that this user may send one to. A group that is gone is no error, nor
 * is one of another user (`sudo`): whether it is gone is told by `groupIsGone`, and by nothing else.
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Whether no member can run any more. One that has ended and that nobody has waited for does not count. */
export function groupIsGone(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
  } catch (error) {
    // EPERM: members are there and belong to somebody else.
    return codeOf(error) === 'ESRCH';
  }
  return process.platform === 'linux' && !hasRunningMember(groupId);
}

/** Looks until the group is gone. Resolves with false when `signal` aborts before that. */
export async function untilGroupIsGone(groupId: number, signal: AbortSignal): Promise<boolean> {
  for (let waitMs = 1; !groupIsGone(groupId); waitMs = Math.min(20, waitMs * 2)) {
    if (signal.aborted) return false;
    await new Promise<void>((resolve) => setTimeout(resolve, waitMs));
  }
  return true;
}

/** A dead process that its parent has not waited for still takes signals; /proc tells them apart. */
function hasRunningMember(groupId: number): boolean {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let stat: string;
    try {
      stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      continue; // It ended between the two reads.
    }
    // pid (name) state parent group ...: the name may hold anything, brackets too.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(group) === groupId && state !== 'Z' && state !== 'X') return true;
  }
  return false;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
