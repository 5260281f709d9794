/** `holdfast lock run`: a command under a lock, or under several. */
import type { Command } from 'commander';
import type { Client, MultiHold } from '@holdfast/client';
import { UsageError } from '../failure.ts';
import type { Environment } from '../environment.ts';
import type { Taking } from '../run/run-held.ts';
import { addQueueOptions, runHelp } from '../run/run-options.ts';
import type { RunOptions } from '../run/run-options.ts';
import { addMetadataOption, metadataOf, runMetadataText } from '../run/terms.ts';

interface LockRunOptions extends RunOptions {
  readonly shared?: boolean;
  readonly also?: readonly string[];
}

export function addLockRun(lock: Command, at: () => Environment): void {
  const run = lock
    .command('run <name> <command...>')
    .description(
      'Takes a lock, runs a command while it is held, releases it, and passes on the exit status.',
    )
    .option('--shared', 'as a reader, together with other readers')
    .option(
      '--also <name>',
      'another lock, all of them or none; repeat it for more',
      (name: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), name],
    );
  addMetadataOption(addQueueOptions(run), runMetadataText)
    .addHelpText(
      'after',
      runHelp({
        commandName: 'lock run',
        variables:
          'HOLDFAST_FENCE_TOKEN and HOLDFAST_LOCK_NAME (with --also the tokens\nof all in their order, separated by spaces, as HOLDFAST_FENCE_TOKENS)',
        what: 'the lock is',
        notHad: 'the lock is held by somebody else',
        examples: [
          'backup -- ./backup.sh --full',
          '--wait 60 --ttl 30 deploy -- make deploy',
          '--also accounts/2 accounts/1 -- ./move.sh',
          '--max-hold 600 backup -- ./backup.sh',
        ],
      }),
    )
    .action(async (name: string, command: readonly string[], options: LockRunOptions) => {
      const environment = at();
      const { runHeld } = await import('../run/run-held.ts'); // (START-1)
      environment.finish(
        await runHeld(environment, takingOf(name, command, options), command, options),
      );
    });
}

/** @throws UsageError */
function takingOf(
  name: string,
  command: readonly string[],
  options: LockRunOptions,
): Taking<MultiHold> {
  const { also = [] } = options;
  if (also.length > 0 && options.priority !== undefined)
    throw new UsageError('--priority goes with one lock: several have no queue of their own.');
  const mode = options.shared === true ? 'shared' : 'exclusive';
  const terms = { mode, metadata: metadataOf(options, command) } as const;
  return {
    name: [name, ...also].join('", "'),
    take: async (session, wait) => {
      const { MultiHold, MultiLock } = await import('@holdfast/client');
      if (also.length === 0)
        return new MultiHold([await session.lock(name, { ...wait, ...terms })]);
      const wants = [name, ...also].map((wanted) => ({ name: wanted, mode }) as const);
      const { metadata } = terms;
      return new MultiLock(session, wants).acquire({ ...wait, metadata });
    },
    variables: ({ holds }) => {
      const tokens = holds.map((hold) => String(hold.fenceToken));
      return {
        HOLDFAST_FENCE_TOKEN: tokens[0] ?? '',
        HOLDFAST_LOCK_NAME: name,
        ...(also.length === 0 ? {} : { HOLDFAST_FENCE_TOKENS: tokens.join(' ') }),
      };
    },
    stands: async (client, { holds }, settings) => {
      const checks = await Promise.all(
        holds.map((hold) =>
          client.call('check', { name: hold.name, fence_token: hold.fenceToken }, settings),
        ),
      );
      return checks.every((check) => check.valid);
    },
    endsInSeconds: firstEnd,
  };
}

/** Of several, the end of the one that ends first. */
async function firstEnd(client: Client, { holds }: MultiHold): Promise<number | null | undefined> {
  const ends = await Promise.all(
    holds.map(async ({ name, fenceToken }) => {
      const { holders } = await client.call('lock_status', {
        name,
        fence_token: fenceToken,
        show: 1,
      });
      return holders.find((holder) => holder.fence_token === fenceToken)?.ends_in_seconds;
    }),
  );
  const known: number[] = [];
  for (const end of ends) {
    if (end === undefined) return undefined;
    if (end !== null) known.push(end);
  }
  return known.length === 0
    ? null
    : known.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
}
