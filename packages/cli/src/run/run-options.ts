/** The options and the help that every `... run` command has. */
import type { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { secondsOf } from '../with-client.ts';
import { addTermOptions, termsOf } from './terms.ts';
import type { TermOptions, RunTerms } from './terms.ts';

/** Of the lease, or of the longest time where that is shorter: what a command has between SIGTERM and SIGKILL, unless told otherwise. */
const graceShare = 0.25;
/** Keepalives are sent each third of the lease: with more grace a single late one would end the command. */
const maxGraceShare = 0.5;
const defaultTtlSeconds = 15;

/** As the command line gives them. */
export interface RunOptions extends TermOptions {
  readonly wait: string;
  readonly ttl: string;
  readonly grace?: string;
  readonly clientId?: string;
}

export interface RunTimes {
  readonly waitMs: number;
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly terms: RunTerms;
}

/**
 * @param wait What is told of --wait, and what it is by itself.
 * @param holder What --client-id is by itself, for the help.
 */
export function addRunOptions(
  command: Command,
  [waitText, wait]: readonly [text: string, seconds: string] = ['longest wait in the queue', '0'],
  holder = 'cli-USER',
): Command {
  return command
    .option('--wait <seconds>', waitText, wait)
    .option(
      '--ttl <seconds>',
      'length of the lease: how long after a loss of contact others may take over',
      String(defaultTtlSeconds),
    )
    .option(
      '--grace <seconds>',
      'time between SIGTERM and SIGKILL when the lease cannot be renewed (default: a quarter of the ttl)',
    )
    .option('--client-id <name>', `shown as the holder (default: ${holder})`);
}

/** Of what may be had by one after the other. */
export function addQueueOptions(command: Command): Command {
  return addTermOptions(addRunOptions(command));
}

const endsOfSessions = {
  when: 'When the lease cannot be renewed, or --max-hold is over',
  byForce: ` When somebody ends the session or the hold by force, SIGKILL
comes at once.`,
};

/**
 * @param words.commandName As it is typed after `holdfast`.
 * @param words.variables What the command finds in its environment.
 * @param words.what What is held, with its article.
 * @param words.ends When the lease does, and what else ends it.
 * @param words.unreachable What exit status 5 stands for.
 */
export function runHelp(words: {
  readonly commandName: string;
  readonly variables: string;
  readonly what: string;
  readonly notHad: string;
  readonly ends?: { readonly when: string; readonly byForce: string };
  readonly unreachable?: string;
  /** How long it may take to find out that nothing is to be had; empty: nothing is told. */
  readonly limits?: string;
  readonly examples: readonly string[];
}): string {
  const { commandName, variables, what, notHad, examples } = words;
  const { ends = endsOfSessions, unreachable = 'no node answered', limits = '' } = words;
  return `
The command finds ${variables} in its environment.
It runs in a process group of its own, which has the terminal while "holdfast ${commandName}" is in the
foreground of one (on Linux; else it runs in a session of its own, without /dev/tty). Signals are passed
on to the group: SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT, SIGSYS, SIGXCPU, SIGWINCH,
SIGCONT, SIGTSTP and their like. What it leaves running there when it ends gets SIGTERM, and SIGKILL 2 s later;
then ${what} released. Only SIGKILL, SIGSEGV, SIGBUS, SIGFPE, SIGILL, real-time signals (which
Node cannot catch), and SIGTRAP on processors other than x64, end "holdfast ${commandName}" before the
command: then the group gets SIGTERM at once, and what was held is free when the lease has run out.
SIGSTOP stops it alone; SIGCHLD, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU and SIGXFSZ are not passed on.

${ends.when}, the group gets SIGTERM, and SIGKILL before
anybody else can have what is held; also when "holdfast ${commandName}" itself is killed or stopped.
Ctrl-Z stops both, and the lease with them: continued within it they go on, later the command is gone
and that is told (exit status 4).${ends.byForce} Where a late write would do harm, pass the fence token
to whatever is written to: no signal stops a write under way.

Exit status: that of the command, 128 + n when signal n ended it; 126 or 127 when it cannot be started;
3 when ${notHad}, 4 when the lease was lost, 5 when ${unreachable}.${limits}

Examples:
${examples.map((example) => `  holdfast ${commandName} ${example}`).join('\n')}`;
}

/** @throws UsageError naming the option. */
export function timesOf(options: RunOptions): RunTimes {
  const waitSeconds = secondsOf('--wait', options.wait) ?? 0;
  const ttlSeconds = secondsOf('--ttl', options.ttl) ?? defaultTtlSeconds;
  const terms = termsOf(options);
  const lastsSeconds = Math.min(ttlSeconds, (terms.maxHoldMs ?? Number.POSITIVE_INFINITY) / 1000);
  const graceSeconds = secondsOf('--grace', options.grace) ?? lastsSeconds * graceShare;
  if (graceSeconds > lastsSeconds * maxGraceShare) {
    const option = lastsSeconds < ttlSeconds ? '--max-hold' : '--ttl';
    throw new UsageError(
      `--grace must be at most half of ${option} (${String(lastsSeconds)} s); given: "${String(graceSeconds)}".`,
    );
  }
  return {
    waitMs: waitSeconds * 1000,
    ttlMs: ttlSeconds * 1000,
    graceMs: graceSeconds * 1000,
    terms,
  };
}
