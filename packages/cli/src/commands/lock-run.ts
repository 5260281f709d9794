/** `holdfast lock run`: a command under a lock. */
import type { Command } from 'commander';
import type { Environment } from '../program.ts';
import { runHeld } from '../run/run-held.ts';
import { addRunOptions, runHelp } from '../run/run-options.ts';
import type { RunOptions } from '../run/run-options.ts';

interface LockRunOptions extends RunOptions {
  readonly shared?: boolean;
}

export function addLockRun(lock: Command, at: () => Environment): void {
  const run = lock
    .command('run <name> <command...>')
    .description(
      'Takes a lock, runs a command while it is held, releases it, and passes on the exit status.',
    );
  addRunOptions(run)
    .option('--shared', 'as a reader, together with other readers')
    .addHelpText(
      'after',
      runHelp({
        commandName: 'lock run',
        variables: 'HOLDFAST_FENCE_TOKEN and HOLDFAST_LOCK_NAME',
        what: 'the lock is',
        notHad: 'the lock is held by somebody else',
        examples: ['backup -- ./backup.sh --full', '--wait 60 --ttl 30 deploy -- make deploy'],
      }),
    )
    .action(async (name: string, command: readonly string[], options: LockRunOptions) => {
      const environment = at();
      const mode = options.shared === true ? 'shared' : 'exclusive';
      environment.finish(
        await runHeld(
          environment,
          {
            name,
            take: (session, wait) => session.lock(name, { ...wait, mode }),
            variables: () => ({ HOLDFAST_LOCK_NAME: name }),
            stands: async (client, { fenceToken }, settings) =>
              (await client.call('check', { name, fence_token: fenceToken }, settings)).valid,
          },
          command,
          options,
        ),
      );
    });
}
