/** `holdfast latch ...` */
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import { printRecord } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { untilSignal } from '../until-signal.ts';
import { countOf, defaultClientId, secondsOf, waiting, withClient } from '../with-client.ts';

/** The cluster ends a wait; this only has to be longer. */
const longestWaitSeconds = 86_400;

export function addLatchCommands(program: Command, at: () => Environment): void {
  const latch = program
    .command('latch')
    .description('Countdown latches: waiters continue when the count is 0.');
  const printed = async (work: (client: Client) => Promise<object>): Promise<void> => {
    const environment = at();
    await withClient(environment, async (client) => {
      printRecord(environment.output, await work(client));
    });
  };
  latch
    .command('create <name> <count>')
    .description('Creates a latch with a count; repeating it with the same count changes nothing.')
    .addHelpText('after', '\nExample:\n  holdfast latch create shards-loaded 16')
    .action(async (name: string, text: string) => {
      const count = countOf('The count', text);
      await printed((client) => client.call('create_latch', { name, count }));
    });
  latch
    .command('count-down <name>')
    .description('Counts a latch down; at 0 its waiters continue, and it stays open.')
    .option('--by <number>', 'how much', '1')
    .addHelpText('after', '\nExample:\n  holdfast latch count-down shards-loaded')
    .action(async (name: string, options: { readonly by: string }) => {
      const by = countOf('--by', options.by);
      await printed(async (client) => {
        // In a session it is counted once, also when the connection breaks before the answer.
        const session = await client.session({ clientId: defaultClientId });
        return session.request('count_down', { name, by });
      });
    });
  addWait(latch, at);
  latch
    .command('status <name>')
    .description('Shows the remaining count of a latch.')
    .addHelpText('after', '\nExample:\n  holdfast latch status shards-loaded')
    .action(async (name: string) => {
      const { output } = at();
      await withClient(at(), async (client) => {
        const status = await client.call('latch_status', { name });
        if (status.count !== null || output.json) printRecord(output, status);
        else
          output.write(
            `There is no latch "${printable(name)}". It is made with "holdfast latch create NAME COUNT".\n`,
          );
      });
    });
  latch
    .command('delete <name>')
    .description('Deletes a latch; waits for it end with latch_not_found.')
    .addHelpText('after', '\nExample:\n  holdfast latch delete shards-loaded')
    .action((name: string) => printed((client) => client.call('delete_latch', { name })));
}

function addWait(latch: Command, at: () => Environment): void {
  latch
    .command('wait <name>')
    .description('Waits until the count of a latch is 0.')
    .option('--wait <seconds>', 'longest wait (default: as long as the cluster allows)')
    .addHelpText(
      'after',
      `
Exit status: 0 when the count is 0; 1 when there is no such latch, or it was deleted meanwhile; 3 when the wait
timed out; 5 when no node answered.

Example:
  holdfast latch wait shards-loaded --wait 30 && ./serve.sh`,
    )
    .action(async (name: string, options: { readonly wait?: string }) => {
      const environment = at();
      const seconds = secondsOf('--wait', options.wait);
      const body = { name, ...(seconds === undefined ? {} : { wait_seconds: seconds }) };
      const { probe, timeoutMs } = waiting(seconds ?? longestWaitSeconds);
      const wait = async (client: Client): Promise<void> => {
        const answer = await untilSignal((signal) =>
          client.call('wait_latch', body, { timeoutMs, signal }),
        );
        if (typeof answer === 'number') environment.finish(answer);
        else printRecord(environment.output, answer);
      };
      await withClient(environment, wait, { probe });
    });
}
