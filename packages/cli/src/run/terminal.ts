/**
 * The terminal that this process was started from, and who is in its foreground.
 *
 * TTY-1: a command gets the terminal only where this process has it: then `/dev/tty`, Ctrl-C and Ctrl-Z work as if
 *     the command had been typed alone. Known on Linux only (/proc); elsewhere a command has no terminal.
 */
import { readFileSync } from 'node:fs';

interface ProcessRow {
  readonly state: string;
  readonly parentId: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** 0: none. */
  readonly terminal: number;
  /** -1 without a terminal. */
  readonly foregroundGroupId: number;
}

function rowOf(pid: number | 'self'): ProcessRow | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // pid (name) state parent group session terminal foreground ...: the name may hold anything, brackets too.
  const [state = '', ...numbers] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 6);
  const [parentId = 0, groupId = 0, sessionId = 0, terminal = 0, foregroundGroupId = -1] =
    numbers.map(Number);
  return { state, parentId, groupId, sessionId, terminal, foregroundGroupId };
}

/** `dead`: it has ended, and its parent has not asked how. */
export function lifeOf(pid: number): 'alive' | 'dead' | 'gone' {
  const row = rowOf(pid);
  if (row === undefined) return 'gone';
  return row.state === 'Z' || row.state === 'X' ? 'dead' : 'alive';
}

/** Whether this process's group is the one that the terminal listens to (TTY-1). */
export function isInForeground(): boolean {
  if (process.platform !== 'linux') return false;
  const own = rowOf('self');
  return own !== undefined && own.terminal !== 0 && own.foregroundGroupId === own.groupId;
}

/**
 * Whether somebody could continue this process's group after a stop: a shell of the same session, in a group of its
 * own. Without one the kernel ignores Ctrl-Z, and so does whoever stands in for it.
 */
export function hasJobControl(): boolean {
  const own = process.platform === 'linux' ? rowOf('self') : undefined;
  if (own === undefined) return false;
  let ancestor: ProcessRow | undefined = own;
  while (ancestor?.groupId === own.groupId) ancestor = rowOf(ancestor.parentId);
  return ancestor?.sessionId === own.sessionId;
}
