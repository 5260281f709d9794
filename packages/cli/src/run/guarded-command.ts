/**
 * Runs a command that must not outlive a lease.
 *
 * The command leads a process group of its own. A guard, a process of its own too, stands between: it
 * is told again and again until when the lease is certain, and looks at the clock by itself.
 *
 * G1: when only `graceMs` of the certain time are left the group gets SIGTERM; it gets SIGKILL before
 *     the certain time is over, which is before the cluster can give the lock to anybody else. When the
 *     lease is known to have ended, SIGKILL comes at once.
 * G2: that holds too when this process is killed, stopped or blocked: the guard has the deadline. When
 *     this process is gone the group gets SIGTERM at once.
 * G3: giving up is final: a command that was told to end is not allowed to go on when the cluster
 *     comes back a moment later.
 * G4: the lock is released only after every process of the group is gone; what the command left
 *     behind gets SIGTERM, then SIGKILL. For so long the lease is renewed.
 * G5: this process watches its guard: when that is killed, or stopped beyond the certain time, the
 *     group is killed from here.
 *
 * What remains, and what fence tokens are for: both processes killed or stopped at once, a machine
 * that sleeps (the group is killed when it wakes), a descendant that leaves the group (`setsid`) or
 * belongs to another user (`sudo`), a write that is under way to somewhere else when SIGKILL comes.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { certainFor, msLeft } from './certain-time.ts';
import type { CertainUntil } from './certain-time.ts';
import { killMarginMs } from './guard-messages.ts';
import type { FromGuard, ToGuard } from './guard-messages.ts';
import { signalGroup, untilGroupIsGone } from './process-group.ts';

/** A lease, as far as a command under it is concerned. */
export interface Lease {
  /** Fires when the lease is known to have ended. */
  readonly signal: AbortSignal;
  /** Ms for which it is certain from now, 0 when it is not. */
  readonly validForMs: () => number;
  /** What the command has between SIGTERM and SIGKILL, in ms. */
  readonly graceMs: number;
}

export interface CommandEnd {
  /** The command's own exit status, or 128 + the number of the signal that ended it. */
  readonly status: number;
  /** The command was stopped because its lease ended or could not be renewed. */
  readonly leaseLost: boolean;
}

/** The command could not be started; `status` is 126 or 127, as of a shell. */
export class CommandNotStarted extends Error {
  override readonly name: string = 'CommandNotStarted';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Below `killMarginMs`, so that G5 is in time as well. */
const refreshEveryMs = 40;
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** After SIGKILL a group is gone in microseconds; longer only where the kernel waits for a device. */
const killWaitMs = 5000;
const lastWordsMs = 200;

/**
 * @param command Program and parameters.
 * @param environment Added to this process's own.
 * @throws CommandNotStarted
 */
export async function runGuarded(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  lease: Lease,
): Promise<CommandEnd> {
  const guard = startGuard(command, environment);
  const run = new GuardedRun(guard, lease);
  const forward = (signal: NodeJS.Signals): void => run.forward(signal);
  for (const signal of forwarded) process.on(signal, forward);
  try {
    return await run.end;
  } finally {
    for (const signal of forwarded) process.off(signal, forward);
    run.stop();
  }
}

function startGuard(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./guard.${extension}`, import.meta.url));
  return spawn(process.execPath, [entry, ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A group of its own: what stops or kills this process's group does not reach the guard (G2).
    detached: true,
    env: { ...process.env, ...environment },
  });
}

class GuardedRun {
  readonly end: Promise<CommandEnd>;
  readonly #guard: ChildProcess;
  readonly #lease: Lease;
  readonly #timer: NodeJS.Timeout;
  readonly #lose = (): void => {
    this.#leaseLost = true;
    this.#tell({ type: 'lost' });
  };
  #until: CertainUntil | undefined;
  #groupId: number | undefined;
  #status: number | undefined;
  #failure: CommandNotStarted | undefined;
  #leaseLost = false;
  #killing = false;

  constructor(guard: ChildProcess, lease: Lease) {
    this.#guard = guard;
    this.#lease = lease;
    guard.on('message', (message: FromGuard) => this.#receive(message));
    this.end = new Promise((resolve, reject) => {
      guard.once('error', reject);
      guard.once('exit', () => void this.#finish().then(resolve, reject));
    });
    this.#refresh();
    this.#timer = setInterval(() => this.#refresh(), refreshEveryMs);
    lease.signal.addEventListener('abort', this.#lose, { once: true });
    if (lease.signal.aborted) this.#lose();
  }

  forward(signal: NodeJS.Signals): void {
    this.#tell({ type: 'signal', signal });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#lease.signal.removeEventListener('abort', this.#lose);
  }

  #refresh(): void {
    const validForMs = this.#lease.validForMs();
    if (validForMs > 0) {
      this.#until = certainFor(validForMs);
      this.#tell({ type: 'lease', until: this.#until, graceMs: this.#lease.graceMs });
    }
    // G5: the guard does it at the same time, unless it is stopped.
    const overdue = this.#until === undefined || msLeft(this.#until) <= killMarginMs;
    if ((overdue || this.#lease.signal.aborted) && !this.#killing) void this.#killFromHere();
  }

  async #killFromHere(): Promise<void> {
    this.#killing = true;
    this.#leaseLost = true;
    if (this.#groupId !== undefined) {
      signalGroup(this.#groupId, 'SIGKILL');
      await untilGroupIsGone(this.#groupId, AbortSignal.timeout(killWaitMs));
    }
    // A guard that works tells the end by itself; a stopped one never would.
    setTimeout(() => this.#guard.kill('SIGKILL'), 500).unref();
  }

  #receive(message: FromGuard): void {
    switch (message.type) {
      case 'started':
        this.#groupId = message.groupId;
        break;
      case 'giving_up':
        this.#leaseLost = true;
        break;
      case 'failed':
        this.#failure = new CommandNotStarted(message.text, message.status);
        break;
      case 'ended':
        this.#status = message.status;
        break;
    }
  }

  /** The guard is gone: by itself when the group was (G4), else the group goes now (G5). */
  async #finish(): Promise<CommandEnd> {
    // Its last words may still be in the channel, which ends with it.
    if (this.#guard.connected)
      await once(this.#guard, 'disconnect', { signal: AbortSignal.timeout(lastWordsMs) }).catch(
        () => undefined,
      );
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#status === undefined && this.#groupId !== undefined) {
      signalGroup(this.#groupId, 'SIGKILL');
      await untilGroupIsGone(this.#groupId, AbortSignal.timeout(killWaitMs));
    }
    // Without word of the guard the command was ended by SIGKILL: from here, or by the same hand.
    return { status: this.#status ?? 137, leaseLost: this.#leaseLost };
  }

  #tell(message: ToGuard): void {
    // An error of the channel means that the guard is gone, which its exit tells.
    if (this.#guard.connected) this.#guard.send(message, () => undefined);
  }
}
