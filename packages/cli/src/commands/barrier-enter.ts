/** `holdfast barrier enter`: a command that begins with others, and ends with them. */
import type { Command } from 'commander';
import type { Barrier, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { printRecord } from '../output.ts';
import { warn } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addRunOptions, timesOf } from '../run/run-options.ts';
import type { RunOptions } from '../run/run-options.ts';
import { untilSignal } from '../until-signal.ts';
import { countOf, defaultClientId, secondsOf, withClient } from '../with-client.ts';

/** To meet takes time; no longer than a cluster allows by default. */
const usualWaitSeconds = '60';

interface EnterOptions extends RunOptions {
  readonly parties: string;
  readonly leaveWait?: string;
}

/** A use of a barrier, as the command line asks for it. */
interface BarrierUse {
  readonly name: string;
  readonly parties: number;
  readonly leaveWaitMs: number;
}

export function addBarrierEnter(barrier: Command, at: () => Environment): void {
  const enter = barrier
    .command('enter <name> [command...]')
    .description(
      'Enters, waits until all have come, runs a command, leaves, and waits until all have left.',
    )
    .requiredOption('--parties <number>', 'number of parties; the first to enter a round decides');
  addRunOptions(enter, ['longest wait until all have come', usualWaitSeconds])
    .option(
      '--leave-wait <seconds>',
      `longest wait until all have left (default: ${usualWaitSeconds} behind a command, else 0)`,
    )
    .addHelpText('after', enterHelp)
    .action(async (name: string, command: readonly string[], options: EnterOptions) => {
      const environment = at();
      const parties = countOf('--parties', options.parties);
      const usual = command.length === 0 ? '0' : usualWaitSeconds;
      const leaveWait = secondsOf('--leave-wait', options.leaveWait ?? usual) ?? 0;
      const use = { name, parties, leaveWaitMs: leaveWait * 1000 };
      environment.finish(
        command.length === 0
          ? await enterAlone(environment, use, options)
          : await enterAround(environment, use, command, options),
      );
    });
}

const enterHelp = `
Without a command it ends as soon as all have come. The command finds HOLDFAST_BARRIER_NAME and
HOLDFAST_PARTIES in its environment, and runs in a process group of its own, which signals and a terminal
reach as with "holdfast lock run". While it runs this process is inside; when its lease cannot be renewed the
group gets SIGTERM, then SIGKILL, before the others are told that it has left.

When the others have not left in time that is told on stderr; the exit status stays that of the command.

Exit status: that of the command, 128 + n when signal n ended it; 126 or 127 when it cannot be started;
1 when the parties of this round are another number; 3 when not all have come in time, or the last round
is not over; 4 when the lease was lost, 5 when no node answered.

Examples:
  holdfast barrier enter --parties 3 step-1 && ./step-2.sh
  holdfast barrier enter --parties 3 --wait 30 load -- ./load-my-part.sh`;

async function enterWith(
  session: Session,
  { name, parties }: BarrierUse,
  wait: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<{ readonly barrier: Barrier; readonly signal: AbortSignal }> {
  const { Barrier } = await import('@holdfast/client');
  const barrier = new Barrier(session, name, parties);
  if (!(await barrier.enter(wait)))
    throw new HoldfastError(
      'wait_timeout',
      `Not all ${String(parties)} parties have entered barrier "${name}".`,
    );
  return { barrier, signal: session.signal };
}

/** Without a command: to be there together is all. */
async function enterAlone(
  environment: Environment,
  use: BarrierUse,
  options: EnterOptions,
): Promise<number> {
  const { waitMs, ttlMs } = timesOf(options);
  return withClient(environment, async (client) => {
    const session = await client.session({
      timeoutSeconds: ttlMs / 1000,
      clientId: options.clientId ?? defaultClientId,
    });
    const met = await untilSignal(async (signal) => {
      const { barrier } = await enterWith(session, use, { waitMs, signal });
      return barrier.leave({ waitMs: use.leaveWaitMs, signal });
    });
    if (typeof met === 'number') return met;
    const { name, parties, leaveWaitMs } = use;
    if (!met && leaveWaitMs > 0) tellLate(name);
    printRecord(environment.output, { resource: name, parties, open: true, over: met });
    return 0;
  });
}

async function enterAround(
  environment: Environment,
  use: BarrierUse,
  command: readonly string[],
  options: EnterOptions,
): Promise<number> {
  const { name, parties, leaveWaitMs } = use;
  const { runHeld } = await import('../run/run-held.ts'); // (START-1)
  return runHeld(
    environment,
    {
      name,
      take: (session, { waitMs, signal }) => enterWith(session, use, { waitMs, signal }),
      variables: () => ({
        HOLDFAST_BARRIER_NAME: name,
        HOLDFAST_PARTIES: String(parties),
      }),
      leave: async ({ barrier }) => {
        try {
          const waitMs = leaveWaitMs;
          const left = await untilSignal((signal) => barrier.leave({ waitMs, signal }));
          if (left === false && waitMs > 0) tellLate(name);
        } catch (error) {
          // The command has ended: its status is what is told. The session's end leaves as well.
          if (!(error instanceof HoldfastError)) throw error;
          warn(`"${name}" could not be left with the others: ${error.message} (${error.code})`);
        }
      },
    },
    command,
    options,
  );
}

function tellLate(name: string): void {
  warn(`not all have left "${name}" in time: "holdfast barrier status NAME" tells who has not.`);
}
