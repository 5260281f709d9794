/** `holdfast lock renew`, `downgrade`, `force-release`: what becomes of a hold that there is. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { printRecord } from '../output.ts';
import type { Environment } from '../environment.ts';
import { addHolderOptions, tokenOf, whoOf } from '../who.ts';
import type { HolderOptions } from '../who.ts';
import { withClient } from '../with-client.ts';

interface ForceOptions {
  readonly kind: 'lock' | 'semaphore' | 'election';
  readonly reason?: string;
}

export function addLockHold(lock: Command, at: () => Environment): void {
  const renewing = lock
    .command('renew <name>')
    .description('Extends a hold by its ttl; of a session, the session by its timeout.');
  addHolderOptions(renewing, 'acquire')
    .addHelpText('after', '\nExample:\n  holdfast lock renew reports/daily --fence-token 42')
    .action(async (name: string, options: HolderOptions) => {
      const body = { name, ...whoOf(options), fence_token: neededToken(options) };
      await withClient(at(), async (client) => {
        printRecord(at().output, await client.call('renew', body));
      });
    });
  const downgrading = lock
    .command('downgrade <name>')
    .description('Makes an exclusive hold a shared one, without letting it go meanwhile.');
  addHolderOptions(downgrading, 'acquire')
    .addHelpText('after', '\nExample:\n  holdfast lock downgrade reports/daily --fence-token 42')
    .action(async (name: string, options: HolderOptions) => {
      const body = { name, ...whoOf(options), fence_token: neededToken(options) };
      await withClient(at(), async (client) => {
        printRecord(at().output, await client.call('downgrade', body));
      });
    });
  lock
    .command('force-release <name>')
    .description('Takes a lock, all permits or a leadership away from whoever holds it.')
    .addOption(
      new Option('--kind <kind>', 'of the resource')
        .choices(['lock', 'semaphore', 'election'])
        .default('lock'),
    )
    .option('--reason <text>', 'told to its holders, and in the events')
    .addHelpText(
      'after',
      `
Its holder may still work: only a resource that checks fence tokens refuses it.

Example:
  holdfast lock force-release reports/daily --reason "its machine is gone"`,
    )
    .action(async (name: string, { kind, reason }: ForceOptions) => {
      await withClient(at(), async (client) => {
        const body = { name, kind, ...(reason === undefined ? {} : { reason }) };
        printRecord(at().output, await client.call('force_release', body));
      });
    });
}

/** @throws UsageError */
function neededToken(options: HolderOptions): number {
  const { fence_token: token } = tokenOf(options);
  if (token === undefined)
    throw new UsageError('--fence-token is missing: the number that "lock acquire" printed.');
  return token;
}
