/** `holdfast quorum lock run`: a command under a lock that a majority of independent nodes keeps. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addApiKeyOption } from '../quorum/api-key.ts';
import type { QuorumRunOptions } from '../quorum/run-under-quorum.ts';
import { addServersOptions } from '../quorum/redis-servers.ts';
import { addEpochOption, addNodesOption, refuseEndpoints } from '../quorum/voters.ts';
import { addRunOptions, runHelp } from '../run/run-options.ts';
import { defaultClientId } from '../with-client.ts';

export function addQuorumLockRun(lock: Command, at: () => Environment): void {
  const run = lock
    .command('run <name> <command...>')
    .description(
      'Takes a lock of a majority of the nodes, runs a command while it is held, releases it, and passes on the exit status.',
    );
  addServersOptions(addNodesOption(run));
  addRunOptions(run, ['longest wait for it', '0'], 'cli-USER@HOST:PROCESS').option(
    '--drift-buffer <seconds>',
    'how much earlier than the nodes this side counts the lease as over (default: 0.5, at least 2 % of the ttl)',
  );
  addApiKeyOption(addEpochOption(run))
    .addHelpText(
      'after',
      runHelp({
        commandName: 'quorum lock run',
        variables: 'HOLDFAST_FENCE_TOKEN and HOLDFAST_LOCK_NAME',
        what: 'the lock is',
        notHad: 'the lock is held by somebody else',
        unreachable: 'no majority of the nodes votes',
        limits:
          '\n\nEach node has 1 s to answer (half the ttl where that is less), and 1 s more to tell why nothing was to\nbe had: with nodes that hang, --wait 0 takes so long.',
        ends: { when: 'When no majority of the nodes renews the lease', byForce: '' },
        examples: [
          'backup -- ./backup.sh --full',
          '--wait 60 --ttl 30 deploy -- make deploy',
          '--nodes a:5001,b:5001,c:5001 backup -- ./backup.sh',
        ],
      }),
    )
    .action(
      async (
        name: string,
        words: readonly string[],
        options: QuorumRunOptions,
        command: Command,
      ) => {
        refuseEndpoints(command);
        const { runUnderQuorum } = await import('../quorum/run-under-quorum.ts'); // (START-1)
        at().finish(await runUnderQuorum(name, words, holderOf(options), options));
      },
    );
}

/** Nodes tell holders apart by their name alone, so that of a run is its own. */
function holderOf({ clientId }: QuorumRunOptions): string {
  return clientId ?? printable(`${defaultClientId}@${hostname()}:${String(process.pid)}`);
}
