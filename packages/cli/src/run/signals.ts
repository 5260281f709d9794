/**
 * Which signals a command under a lease shares with the process that runs it.
 *
 * SIG-1: what this process can catch and what would end or stop it reaches the command instead; this process ends
 *     when the command has, and gives back what it holds. Kept for this process alone: SIGCHLD, SIGPIPE, SIGURG,
 *     SIGTTIN, SIGTTOU, and SIGXFSZ, which Node ignores. What nobody can catch (SIGKILL, SIGSTOP), what Node cannot
 *     (real-time signals) and what says that this process itself is broken (SIGSEGV, SIGBUS, SIGFPE, SIGILL, and
 *     SIGTRAP where the processor is no x64) is the guard's to answer: the command is ended, and the lease runs out.
 */
import { constants } from 'node:os';

/** Those without which a process would end, that one process sends to another. */
const ending = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGABRT',
  'SIGSYS',
  'SIGXCPU',
  'SIGVTALRM',
  'SIGPROF',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
] as const;
/**
 * With SIGTRAP Node ends itself where it is broken. On x64 it then goes on to an instruction that ends it in any case;
 * other processors would come to the same breakpoint again and again.
 */
const breakpoints = process.arch === 'x64' ? (['SIGTRAP'] as const) : [];
const harmless = ['SIGCONT', 'SIGWINCH', 'SIGINFO'] as const;

const known = (signals: readonly NodeJS.Signals[]): readonly NodeJS.Signals[] =>
  signals.filter((signal) => Object.hasOwn(constants.signals, signal));

/** Each of them would end this process if nothing listened. */
export const endingSignals: readonly NodeJS.Signals[] = known([...ending, ...breakpoints]);

/** Reach the command's process group (SIG-1). */
export const passedOnSignals: readonly NodeJS.Signals[] = known([
  ...endingSignals,
  ...harmless,
  'SIGTSTP',
]);

/** Nothing that can be caught ends this process from here to the end of the block. */
export class KeptSignals {
  readonly #keep = (): void => undefined;

  constructor() {
    for (const signal of endingSignals) process.on(signal, this.#keep);
  }

  /**
   * A signal that the terminal sent to the command alone goes to this process's group too, as it would have without a
   * group between: a script that runs this command in a loop ends at Ctrl-C. Ends this process.
   */
  passToOwnGroup(end: { readonly terminalSignal?: NodeJS.Signals } | undefined): void {
    if (end?.terminalSignal === undefined) return;
    process.removeAllListeners(end.terminalSignal);
    process.kill(0, end.terminalSignal);
  }

  [Symbol.dispose](): void {
    for (const signal of endingSignals) process.off(signal, this.#keep);
  }
}

/**
 * Numbers of all signals that a shell can catch and that would end it, real-time signals too: as words
 * for its `trap`.
 */
export function catchableNumbers(): readonly string[] {
  const untouched = new Set(
    (['SIGKILL', 'SIGSTOP', 'SIGCHLD', 'SIGCONT', 'SIGWINCH', 'SIGURG'] as const).map(
      (signal) => constants.signals[signal],
    ),
  );
  const standard = [...new Set(Object.values(constants.signals))].filter(
    (number) => !untouched.has(number),
  );
  // Below are those that the C library keeps for itself.
  const realTime =
    process.platform === 'linux' ? Array.from({ length: 31 }, (_, index) => 34 + index) : [];
  return [...standard, ...realTime].map(String);
}
