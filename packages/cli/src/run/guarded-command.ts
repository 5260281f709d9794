/**
 * Runs a command that must not outlive a lease.
 *
 * The command leads a process group of its own (launcher.ts). A guard, a process of its own too, stands
 * beside it: it is told again and again until when the lease is certain, and looks at the clock by itself.
 *
 * GUARDED-1: when only `graceMs` of the certain time are left the group gets SIGTERM; it gets SIGKILL before
 *     the certain time is over, which is before the cluster can give the lock to anybody else. When the
 *     lease is known to have ended, SIGKILL comes at once.
 * GUARDED-2: that holds too when this process is killed, stopped or blocked: the guard has the deadline. When
 *     this process is gone the group gets SIGTERM at once. No command begins without a guard.
 * GUARDED-3: cancelling is final: a command that was told to end is not allowed to go on when the cluster
 *     comes back a moment later.
 * GUARDED-4: the lock is released only after every process of the group is gone; what the command left
 *     behind gets SIGTERM, then SIGKILL. For so long the lease is renewed.
 * GUARDED-5: this process watches its guard: when that is killed, or stopped beyond the certain time, the
 *     group is killed from here.
 * GUARDED-6: a command that is stopped (Ctrl-Z) stops this process too, and with it the renewal of the lease. When both
 *     are continued in time the lease is as it was; else the command is gone by then (GUARDED-1).
 *
 * What remains, and what fence tokens are for: both processes killed or stopped at once, a machine
 * that sleeps (the group is killed when it wakes), a descendant that leaves the group (`setsid`, the jobs
 * of an interactive shell) or belongs to another user (`sudo`), a write that is under way to somewhere else
 * when SIGKILL comes.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { certainFor, msLeft } from './certain-time.ts';
import type { CertainUntil } from './certain-time.ts';
import { killMarginMs } from './guard-messages.ts';
import type { FromGuard, ToGuard } from './guard-messages.ts';
import { Launcher } from './launcher.ts';
import { signalGroup, untilGroupIsGone } from './process-group.ts';
import { programFile } from './program-file.ts';
import { endingSignals, passedOnSignals } from './signals.ts';
import { hasJobControl } from './terminal.ts';

/** A lease, as far as a command under it is concerned. */
export interface CommandLease {
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
  /** The signal that the terminal ended the command with: this process's own group has not seen it. */
  readonly terminalSignal?: NodeJS.Signals;
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

/** Below `killMarginMs`, so that GUARDED-5 is in time as well. */
const refreshEveryMs = 40;
/** After SIGKILL a group is gone in microseconds; longer only where the kernel waits for a device. */
const killWaitMs = 5000;
/** Node's debugger opens at SIGUSR1 to every user of the machine; Node 20 has no such flag, and does so for a moment. */
const noDebugger: readonly string[] = process.allowedNodeEnvironmentFlags.has('--disable-sigusr1')
  ? ['--disable-sigusr1']
  : [];
const lastWordsMs = 200;

/**
 * @param command Program and parameters.
 * @param environment Added to this process's own.
 * @param stdin A file that the command reads; this process's own when absent.
 * @throws CommandNotStarted
 */
export async function runGuarded(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  lease: CommandLease,
  stdin?: number,
): Promise<CommandEnd> {
  checkProgram(command, environment);
  const run = new GuardedRun(command, environment, lease, stdin);
  const forward = (signal: NodeJS.Signals): void => run.forward(signal);
  for (const signal of passedOnSignals) process.on(signal, forward);
  try {
    return await run.end;
  } finally {
    for (const signal of passedOnSignals) process.off(signal, forward);
    run.stop();
  }
}

function checkProgram(
  [program = '']: readonly string[],
  environment: Readonly<Record<string, string>>,
): void {
  const file = programFile(program, environment['PATH'] ?? process.env['PATH']);
  if (file === 'missing')
    throw new CommandNotStarted(`"${program}" cannot be started: no such program.`, 127);
  if (file === 'forbidden')
    throw new CommandNotStarted(`"${program}" cannot be started: it may not be executed.`, 126);
}

function startGuard(command: readonly string[]): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const entry = fileURLToPath(new URL(`./guard.${extension}`, import.meta.url));
  // The command is there for those who list processes.
  const flags = process.execArgv.filter((flag) => flag.startsWith('--conditions'));
  return spawn(process.execPath, [...noDebugger, ...flags, entry, ...command], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // A session of its own: what stops or kills this process's group does not reach the guard (GUARDED-2).
    detached: true,
  });
}

class GuardedRun {
  readonly end: Promise<CommandEnd>;
  readonly #guard: ChildProcess;
  readonly #launcher: Launcher;
  readonly #lease: CommandLease;
  readonly #timer: NodeJS.Timeout;
  readonly #lose = (): void => {
    this.#leaseLost = true;
    this.#tell({ type: 'lost' });
  };
  #until: CertainUntil | undefined;
  #groupId: number | undefined;
  #hasBegun = false;
  #status: number | undefined;
  #lastForwarded: NodeJS.Signals | undefined;
  #leaseLost = false;
  #killing = false;
  #isStopping = false;

  constructor(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    lease: CommandLease,
    stdin: number | undefined,
  ) {
    this.#lease = lease;
    this.#guard = startGuard(command);
    this.#guard.on('message', (message: FromGuard) => this.#receive(message));
    this.#refresh();
    this.#launcher = new Launcher(
      command,
      { ...process.env, ...environment },
      {
        onGroup: (groupId) => this.#offer(groupId),
        onStopped: () => this.#stopWithCommand(),
      },
      stdin,
    );
    this.end = new Promise((resolve, reject) => {
      this.#guard.once('error', reject);
      this.#guard.once('exit', () => void this.#finish().then(resolve, reject));
      this.#launcher.ended.then((status) => {
        // A signal that came before the command began has ended it already.
        this.#status ??= status;
        this.#tell({ type: 'command_ended' });
      }, reject);
    });
    this.#timer = setInterval(() => this.#refresh(), refreshEveryMs);
    lease.signal.addEventListener('abort', this.#lose, { once: true });
    if (lease.signal.aborted) this.#lose();
  }

  /** SIG-1. */
  forward(signal: NodeJS.Signals): void {
    if (signal === 'SIGTSTP') {
      // The stop of this process's group comes back to it.
      if (!this.#isStopping) this.#stopOnRequest();
    } else if (signal === 'SIGCONT') {
      this.#isStopping = false;
      this.#continueCommand();
    } else if (this.#hasBegun && this.#groupId !== undefined) {
      this.#lastForwarded = signal;
      if (this.#status === undefined) signalGroup(this.#groupId, signal);
    } else if (endingSignals.includes(signal)) {
      // Nothing has begun yet, and nothing will.
      this.#status ??= 128 + constants.signals[signal];
      this.#launcher.kill();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#lease.signal.removeEventListener('abort', this.#lose);
  }

  #offer(groupId: number): void {
    this.#groupId = groupId;
    const { isOnTerminal, pid: shellId } = this.#launcher;
    const group = isOnTerminal && shellId !== undefined ? { groupId, shellId } : { groupId };
    this.#tell({ type: 'group', group });
  }

  #stopOnRequest(): void {
    if (this.#groupId === undefined || this.#status !== undefined) return;
    signalGroup(this.#groupId, 'SIGTSTP');
    // On a terminal its shell tells when the command has stopped.
    if (this.#launcher.isOnTerminal) return;
    // Without one the kernel ignores that signal where nobody listens to it.
    signalGroup(this.#groupId, 'SIGSTOP');
    process.kill(process.pid, 'SIGSTOP');
  }

  /** GUARDED-6. As the terminal would have done: the whole group, for which a shell waits as one job. */
  #stopWithCommand(): void {
    if (!hasJobControl()) {
      this.#continueCommand();
      return;
    }
    this.#isStopping = true;
    process.kill(0, 'SIGTSTP');
    process.kill(process.pid, 'SIGSTOP');
  }

  /** GUARDED-3: not when it was cancelled meanwhile. */
  #continueCommand(): void {
    if (this.#groupId === undefined || this.#status !== undefined || this.#isOverdue()) return;
    if (this.#launcher.isStopped) this.#launcher.resume();
    else signalGroup(this.#groupId, 'SIGCONT');
  }

  #isOverdue(): boolean {
    return this.#until === undefined || msLeft(this.#until) <= killMarginMs;
  }

  #refresh(): void {
    const validForMs = this.#lease.validForMs();
    if (validForMs > 0) {
      this.#until = certainFor(validForMs);
      this.#tell({ type: 'lease', until: this.#until, graceMs: this.#lease.graceMs });
    }
    // GUARDED-5: the guard does it at the same time, unless it is stopped.
    if ((this.#isOverdue() || this.#lease.signal.aborted) && !this.#killing)
      void this.#killFromHere();
  }

  async #killFromHere(): Promise<void> {
    this.#killing = true;
    this.#leaseLost = true;
    await this.#killGroup();
    // A guard that works tells the end by itself; a stopped one never would.
    setTimeout(() => this.#guard.kill('SIGKILL'), 500).unref();
  }

  async #killGroup(): Promise<void> {
    if (this.#groupId === undefined) return;
    signalGroup(this.#groupId, 'SIGKILL');
    await untilGroupIsGone(this.#groupId, AbortSignal.timeout(killWaitMs));
  }

  #receive(message: FromGuard): void {
    if (message.type === 'ending_command') {
      this.#leaseLost = true;
    } else if (!this.#hasBegun && this.#status === undefined) {
      this.#hasBegun = true;
      this.#launcher.begin(); // LAUNCH-1
    }
  }

  /** The guard is gone: by itself when the group was (GUARDED-4), else the group goes now (GUARDED-5). */
  async #finish(): Promise<CommandEnd> {
    // Its last words may still be in the channel, which ends with it.
    if (this.#guard.connected)
      await once(this.#guard, 'disconnect', { signal: AbortSignal.timeout(lastWordsMs) }).catch(
        () => undefined,
      );
    await this.#killGroup();
    if (this.#status === undefined) {
      // The shell tells by itself, unless it waits for a word of this process.
      const kill = setTimeout(() => this.#launcher.kill(), lastWordsMs);
      await this.#launcher.ended;
      clearTimeout(kill);
    }
    const status = this.#status ?? 137;
    const leaseLost = this.#leaseLost;
    const signal = this.#signalOfTerminal(status);
    return { status, leaseLost, ...(signal === undefined ? {} : { terminalSignal: signal }) };
  }

  #signalOfTerminal(status: number): NodeJS.Signals | undefined {
    if (!this.#launcher.isOnTerminal || this.#lastForwarded !== undefined) return undefined;
    return (['SIGINT', 'SIGQUIT'] as const).find(
      (signal) => status === 128 + constants.signals[signal],
    );
  }

  #tell(message: ToGuard): void {
    // An error of the channel means that the guard is gone, which its exit tells.
    if (this.#guard.connected) this.#guard.send(message, () => undefined);
  }
}
