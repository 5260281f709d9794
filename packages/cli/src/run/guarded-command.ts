/**
 * Runs a command that must not outlive a lease.
 *
 * The command is the leader of a process group of its own. A guard process stands between: it is told
 * again and again how long the lease is certain, and kills the group with SIGKILL when that time is
 * over or when this process is gone.
 *
 * G1: when the lease could not be renewed for so long that only `graceMs` of its certain time are left,
 *     or when it is lost, the group gets SIGTERM; it gets SIGKILL when the certain time is over, which
 *     is before the cluster can give the lock to anybody else.
 * G2: that holds too when this process is killed or stopped: the guard has the deadline.
 * What remains: a machine that stops as a whole (suspend) and wakes after the lease. There the fence
 * token is what protects the resource.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Lease {
  /** Fires when the hold is lost. */
  readonly signal: AbortSignal;
  /** Ms for which the hold is certain from now, 0 when it is not. */
  readonly validForMs: () => number;
  /** What a command has between SIGTERM and SIGKILL, in ms. */
  readonly graceMs: number;
}

export interface CommandEnd {
  /** The command's own exit status, or 128 + the number of the signal that ended it. */
  readonly status: number;
  readonly leaseLost: boolean;
}

const refreshEveryMs = 100;

/** @throws Error when the command cannot be started. */
export async function runGuarded(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  lease: Lease,
): Promise<CommandEnd> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const guard = spawn(
    process.execPath,
    [
      ...process.execArgv,
      fileURLToPath(new URL(`./guard.${extension}`, import.meta.url)),
      ...command,
    ],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      // A group of its own: what stops or kills this process's group does not reach the guard.
      detached: true,
      env: { ...process.env, ...environment },
    },
  );
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forward = (signal: NodeJS.Signals): void => tell(guard, { type: 'signal', signal });
  for (const signal of forwarded) process.on(signal, forward);
  let leaseLost = false;
  const noteEnd = (message: { readonly type: string }): void => {
    if (message.type === 'lease_over') leaseLost = true;
  };
  guard.on('message', noteEnd);
  const refresh = (): void => {
    const validForMs = lease.validForMs();
    if (validForMs > 0) tell(guard, { type: 'valid', forMs: validForMs, graceMs: lease.graceMs });
  };
  const timer = setInterval(refresh, refreshEveryMs);
  const lose = (): void => {
    leaseLost = true;
    tell(guard, { type: 'lost' });
  };
  refresh();
  if (lease.signal.aborted) lose();
  lease.signal.addEventListener('abort', lose, { once: true });
  try {
    return await new Promise<CommandEnd>((resolve, reject) => {
      let end: number | undefined;
      guard.on(
        'message',
        (message: { readonly type: string; readonly status?: number; readonly text?: string }) => {
          if (message.type === 'failed') reject(new Error(message.text));
          else if (message.type === 'ended') end = message.status;
        },
      );
      guard.once('error', reject);
      guard.once('exit', (code) => resolve({ status: end ?? code ?? 1, leaseLost }));
    });
  } finally {
    clearInterval(timer);
    lease.signal.removeEventListener('abort', lose);
    for (const signal of forwarded) process.off(signal, forward);
  }
}

function tell(guard: ChildProcess, message: object): void {
  if (guard.connected) guard.send(message);
}
