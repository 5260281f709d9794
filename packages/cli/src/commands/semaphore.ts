import type { Command } from 'commander';
import type { CallSettings, Client, Permits } from '@holdfast/client';
import type { SemaphoreAnswer } from '@holdfast/protocol';
import { printRecord, printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addQueueOptions, runHelp } from '../run/run-options.ts';
import type { RunOptions } from '../run/run-options.ts';
import { addMetadataOption, metadataOf, runMetadataText } from '../run/terms.ts';
import { holderRow, statusHeads, tellMore, waiterRow } from '../status-rows.ts';
import { countOf, withClient } from '../with-client.ts';

interface SemaphoreRunOptions extends RunOptions {
  readonly permits: string;
  readonly limit?: string;
}

/** `holdfast semaphore ...` */
export function addSemaphoreCommands(program: Command, at: () => Environment): void {
  const semaphore = program
    .command('semaphore')
    .description('Creates, resizes, shows, deletes semaphores, and runs commands under permits.')
    .enablePositionalOptions();
  addRun(semaphore, at);
  semaphore
    .command('status <name>')
    .description('Shows who has permits of a semaphore and who waits for them.')
    .addHelpText('after', '\nExample:\n  holdfast semaphore status exports')
    .action(async (name: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printStatus(environment.output, await client.call('semaphore_status', { name }));
      });
    });
  addChange(
    semaphore,
    at,
    'create',
    'Makes a persistent semaphore, which remains when nobody uses it; repeating it with the same limit does nothing.',
  );
  addChange(
    semaphore,
    at,
    'resize',
    'Changes how many permits there are. Holders keep what they have; who waits for more than there can be is refused.',
  );
  semaphore
    .command('delete <name>')
    .description('Deletes a semaphore that nobody uses.')
    .addHelpText('after', '\nExample:\n  holdfast semaphore delete exports')
    .action(async (name: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('delete_semaphore', { name }));
      });
    });
}

function addChange(
  semaphore: Command,
  at: () => Environment,
  verb: 'create' | 'resize',
  description: string,
): void {
  semaphore
    .command(`${verb} <name>`)
    .description(description)
    .requiredOption('--limit <number>', 'how many permits there are')
    .addHelpText('after', `\nExample:\n  holdfast semaphore ${verb} exports --limit 10`)
    .action(async (name: string, options: { readonly limit: string }) => {
      const environment = at();
      const limit = countOf('--limit', options.limit);
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call(`${verb}_semaphore`, { name, limit }));
      });
    });
}

function addRun(semaphore: Command, at: () => Environment): void {
  const run = semaphore
    .command('run <name> <command...>')
    .description(
      'Takes permits, runs a command while they are held, gives them back, and passes on the exit status.',
    )
    .option('--permits <number>', 'how many, all at once or none', '1')
    .option(
      '--limit <number>',
      'makes the semaphore with so many permits where there is none; has to be its limit where there is one',
    );
  addMetadataOption(addQueueOptions(run), runMetadataText)
    .addHelpText(
      'after',
      runHelp({
        commandName: 'semaphore run',
        variables: 'HOLDFAST_FENCE_TOKEN, HOLDFAST_SEMAPHORE_NAME and HOLDFAST_PERMITS',
        what: 'the permits are',
        notHad: 'not that many permits were free in time',
        examples: [
          '--limit 10 exports -- ./export.sh',
          '--permits 2 --wait 60 exports -- ./export.sh --large',
          '--max-hold 600 --priority 5 exports -- ./export.sh',
        ],
      }),
    )
    .action(async (name: string, command: readonly string[], options: SemaphoreRunOptions) => {
      const environment = at();
      const { runHeld } = await import('../run/run-held.ts'); // (START-1)
      const permits = countOf('--permits', options.permits);
      const metadata = metadataOf(options, command);
      const limit = options.limit === undefined ? {} : { limit: countOf('--limit', options.limit) };
      environment.finish(
        await runHeld(
          environment,
          {
            name,
            take: (session, wait) =>
              session.permits(name, { ...wait, ...limit, permits, metadata }),
            variables: (held) => ({
              HOLDFAST_FENCE_TOKEN: String(held.fenceToken),
              HOLDFAST_SEMAPHORE_NAME: name,
              HOLDFAST_PERMITS: String(held.count),
            }),
            stands: async (client, held, settings) =>
              (await holderOf(client, held, settings)) !== undefined,
            endsInSeconds: async (client, held) => (await holderOf(client, held))?.ends_in_seconds,
          },
          command,
          options,
        ),
      );
    });
}

async function holderOf(
  client: Client,
  held: Permits,
  settings?: CallSettings,
): Promise<SemaphoreAnswer['holders'][number] | undefined> {
  const { name, fenceToken: fence_token } = held;
  const wanted = { name, fence_token, show: 1 };
  const { holders } = await client.call('semaphore_status', wanted, settings);
  return holders.find((holder) => holder.fence_token === held.fenceToken);
}

function printStatus(output: Output, status: SemaphoreAnswer): void {
  if (status.limit === null && !output.json) {
    output.write(
      `There is no semaphore "${printable(status.resource)}" at the moment. It is made with "holdfast semaphore create NAME --limit N", or by the first acquire that gives a limit.\n`,
    );
    return;
  }
  if (!output.json) {
    const kept = status.persistent ? '' : '; it goes when nobody uses it';
    output.write(
      `${printable(status.resource)}: ${String(status.free)} of ${String(status.limit)} permits are free${kept}.\n`,
    );
    if (status.holders.length + status.waiters.length === 0) return;
    output.write('\n');
  }
  const rows = [
    ...status.holders.map((holder) => holderRow(holder, String(holder.permits))),
    ...status.waiters.map((waiter) => waiterRow(waiter, String(waiter.permits))),
  ];
  printTable(output, status, statusHeads('PERMITS'), rows);
  tellMore(output, status);
}
