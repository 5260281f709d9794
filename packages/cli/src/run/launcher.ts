/**
 * Starts the command, in a process group of its own, through a shell.
 *
 * LAUNCH-1: the command begins only after it is told to: by then the guard knows its group. When this process ends
 *     before, it never begins.
 * LAUNCH-2: its exit status is the shell's: Node takes a real-time signal for an exit with 0.
 * LAUNCH-3: where this process is in the foreground of a terminal, the command's group is put there by the shell's
 *     job control, and this process's group again when the command has ended or is stopped. Else the shell begins a
 *     new session.
 * LAUNCH-4: when this process is gone, the shell never touches the terminal again: somebody else has it.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { catchableNumbers } from './signals.ts';
import { isInForeground, lifeOf } from './terminal.ts';

export interface LaunchEvents {
  /** The group is there and waits for `begin`. */
  readonly onGroup: (groupId: number) => void;
  /** The command was stopped, and waits for `resume`. Only on a terminal. */
  readonly onStopped: () => void;
}

/** A shell's name for a variable; a shell forgets variables of other names. */
const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const foregroundLookEveryMs = 200;

export class Launcher {
  readonly isOnTerminal: boolean;
  /** The command's exit status, or 128 + the number of the signal that ended it; when the shell is gone too. */
  readonly ended: Promise<number>;
  readonly #shell: ChildProcess;
  readonly #channel: Duplex;
  readonly #events: LaunchEvents;
  #status: number | undefined;
  #groupId: number | undefined;
  #isStopped = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(
    command: readonly string[],
    environment: Readonly<NodeJS.ProcessEnv>,
    events: LaunchEvents,
    stdin?: number,
  ) {
    this.#events = events;
    const terminal = isInForeground() ? openTerminal() : undefined;
    this.isOnTerminal = terminal !== undefined;
    const { variables, restore } = forShell(environment);
    const script = this.isOnTerminal ? terminalScript(restore) : sessionScript(restore);
    // fd 3: this channel. fd 4: the command's stderr; the shell's own has words about jobs that nobody asked for.
    this.#shell = spawn('/bin/sh', ['-c', script, 'holdfast-launcher', ...command], {
      stdio: [stdin ?? 'inherit', 'inherit', terminal ?? 'ignore', 'pipe', 2],
      detached: !this.isOnTerminal,
      env: variables,
    });
    if (terminal !== undefined) closeSync(terminal);
    this.#channel = channelOf(this.#shell);
    // The shell's end of it is told by its exit.
    this.#channel.on('error', () => undefined);
    this.#read();
    this.ended = new Promise((resolve, reject) => {
      this.#shell.once('error', reject);
      this.#shell.once('close', (code, signal) => {
        clearInterval(this.#looking);
        resolve(this.#status ?? (signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
      });
    });
  }

  get pid(): number | undefined {
    return this.#shell.pid;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** LAUNCH-1. */
  begin(): void {
    this.#say('go');
  }

  /** Continues a command that was stopped, in the foreground when this process is there. */
  resume(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    if (this.#leader !== 'alive') {
      this.#say(`wait ${String(this.#groupId)}`);
      return;
    }
    if (isInForeground()) {
      this.#say('fg');
      return;
    }
    this.#say('bg');
    // Nothing tells a process that runs in the background that it was moved to the foreground.
    this.#looking = setInterval(() => {
      if (!isInForeground()) return;
      clearInterval(this.#looking);
      this.#shell.kill('SIGUSR1'); // Its wait ends, and it asks what next.
    }, foregroundLookEveryMs);
  }

  /** What the command still is, nobody will tell. */
  kill(): void {
    this.#shell.kill('SIGKILL');
  }

  get #leader(): 'alive' | 'dead' | 'gone' {
    return this.#groupId === undefined ? 'gone' : lifeOf(this.#groupId);
  }

  #say(word: string): void {
    this.#channel.write(`${word}\n`);
  }

  #read(): void {
    const lines = createInterface({ input: this.#channel });
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const [word, number] = line.split(' ');
      if (word === 'group') {
        this.#groupId = Number(number);
        this.#events.onGroup(this.#groupId);
      } else this.#rested(Number(number));
    });
  }

  /** The shell's wait is over: the command ended, was stopped, or is to be moved to the foreground. */
  #rested(status: number): void {
    clearInterval(this.#looking);
    const leader = this.isOnTerminal ? this.#leader : 'gone';
    if (leader === 'gone') {
      this.#status = status;
      if (this.isOnTerminal) this.#say('exit');
      return;
    }
    this.#isStopped = true;
    if (leader === 'dead' || status === 128 + constants.signals.SIGUSR1) this.resume();
    else this.#events.onStopped();
  }
}

function openTerminal(): number | undefined {
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
}

/** What a shell would forget travels under other names until the command begins. */
function forShell(environment: Readonly<NodeJS.ProcessEnv>): {
  readonly variables: NodeJS.ProcessEnv;
  readonly restore: string;
} {
  const variables: NodeJS.ProcessEnv = {};
  const carriers: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    if (shellName.test(name)) {
      variables[name] = value;
      continue;
    }
    const carrier = `HOLDFAST_CARRIED_${String(carriers.length)}`;
    variables[carrier] = `${name}=${value}`;
    carriers.push(carrier);
  }
  if (carriers.length === 0) return { variables, restore: '' };
  const words = carriers.map((carrier) => `"$${carrier}"`).join(' ');
  return { variables, restore: `set -- env ${words} "$@"; unset ${carriers.join(' ')}; ` };
}

const becomeCommand = (restore: string): string => `${restore}exec "$@" 2>&4 3>&- 4>&-`;

/** The shell leads the group, and outlives whatever is sent to it but SIGKILL: it has the status to tell. */
const sessionScript = (restore: string): string => `
echo "group $$" >&3
read -r go <&3 || exit 1
trap : ${catchableNumbers().join(' ')}
(${becomeCommand(restore)})
echo "status $?" >&3`;

/**
 * LAUNCH-3, LAUNCH-4. The command is in a group of its own, the shell elsewhere. Bash keeps the terminal as its stderr; the signals that
 * it catches it does not tell of there.
 */
const terminalScript = (restore: string): string => `
set -m
[ -n "\${BASH_VERSION-}" ] || exec 2>/dev/null
trap : ${catchableNumbers().filter(isCaught).join(' ')}
start='echo "group $$" >&3; read -r go <&3 || exit 1; ${becomeCommand(restore)}'
sh -c "$start" holdfast-launcher "$@"
status=$?
while :; do
  echo "status $status" >&3
  read -r word pid <&3 || kill -9 $$
  case $word in
    wait) wait "$pid" ;;
    fg) fg %1 >/dev/null ;;
    bg) bg %1 >/dev/null; wait %1 ;;
    *) exit 0 ;;
  esac
  status=$?
done`;

/**
 * Those that stop are what job control is made of. Bash ends with 130 by itself where SIGINT ended the command, but
 * with 1 where it was to catch that too.
 */
const isCaught = (number: string): boolean =>
  !(['SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGINT'] as const).some(
    (signal) => constants.signals[signal] === Number(number),
  );

/** Where too many files are open Node gives no channels, though its types say so; `error` tells why, later. */
export function channelOf(shell: Pick<ChildProcess, 'stdio'>): Duplex {
  const stdio = shell.stdio as readonly unknown[] | undefined;
  const channel = stdio?.[3] as Duplex | null | undefined;
  return channel ?? new PassThrough();
}
