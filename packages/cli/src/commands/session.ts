import type { Command } from 'commander';
import { printRecord, printTable } from '../output.ts';
import type { Environment } from '../program.ts';
import { defaultClientId, secondsOf, withClient } from '../with-client.ts';

/** `holdfast session ...`: for scripts that keep a session of their own. */
export function addSessionCommands(program: Command, at: () => Environment): void {
  const session = program
    .command('session')
    .description('Creates, shows, keeps alive and ends sessions.');
  session
    .command('create')
    .description('Creates a session and prints its id; keep it alive with "session keepalive".')
    .option('--timeout <seconds>', 'seconds without a keepalive after which it ends')
    .option('--client-id <name>', 'who asks, shown as the holder (default: cli-USER)')
    .addHelpText('after', '\nExample:\n  holdfast session create --timeout 120')
    .action(async (options: { readonly timeout?: string; readonly clientId?: string }) => {
      const timeout = secondsOf('--timeout', options.timeout);
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(
          environment.output,
          await client.call('create_session', {
            client_id: options.clientId ?? defaultClientId,
            ...(timeout === undefined ? {} : { timeout }),
          }),
        );
      });
    });
  session
    .command('show <session-id>')
    .description('Shows a session and what it holds.')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('get_session', { session_id: sessionId });
        printRecord(
          environment.output,
          environment.output.json
            ? answer
            : {
                ...answer,
                locks_held: answer.locks_held.join(', '),
                semaphores_held: answer.semaphores_held.join(', '),
                elections_led: answer.elections_led.join(', '),
                barriers_inside: answer.barriers_inside.join(', '),
              },
        );
      });
    });
  session
    .command('keepalive <session-id>')
    .description('Extends a session by its timeout.')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('keepalive', { session_id: sessionId }));
      });
    });
  session
    .command('locks <session-id>')
    .description('Lists what a session holds.')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('session_locks', { session_id: sessionId });
        const rows = [
          ...answer.holds.map((hold) => [
            'lock',
            hold.resource,
            hold.mode,
            String(hold.fence_token),
            String(hold.hold_count),
          ]),
          ...answer.permits.map((taken) => [
            'semaphore',
            taken.resource,
            '-',
            String(taken.fence_token),
            String(taken.permits),
          ]),
          ...answer.leaderships.map((lead) => [
            'election',
            lead.resource,
            '-',
            String(lead.fence_token),
            '1',
          ]),
        ];
        const heads = ['KIND', 'RESOURCE', 'MODE', 'FENCE TOKEN', 'COUNT'];
        printTable(environment.output, answer, heads, rows);
      });
    });
  session
    .command('end <session-id>')
    .description('Ends a session and releases what it holds.')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(
          environment.output,
          await client.call('end_session', { session_id: sessionId }),
        );
      });
    });
}
