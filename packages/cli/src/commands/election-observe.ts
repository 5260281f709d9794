/** `holdfast election observe`: who leads, as it changes. */
import type { Command } from 'commander';
import type { LeaderChange } from '@holdfast/client';
import { shownJson } from '../json-text.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { StopSignal } from '../until-signal.ts';
import { defaultClientId, withClient } from '../with-client.ts';

export function addElectionObserve(election: Command, at: () => Environment): void {
  election
    .command('observe <name>')
    .description('Prints who leads, then every change, until it is stopped with Ctrl-C.')
    .option('--after <position>', 'go on after the position of a change that was seen earlier')
    .addHelpText(
      'after',
      `
A line tells: time of receipt, position, what happened (current, elected, proclaimed, ended), who leads,
under which token, and what the leader tells. No change is left out, over broken connections too.
With --json each line is one JSON object.

Exit status: 0 when it was stopped; 1 when changes after the position are no longer kept.

Examples:
  holdfast election observe scheduler
  holdfast election observe scheduler --json --after 120-1`,
    )
    .action(async (name: string, { after }: { readonly after?: string }) => {
      const environment = at();
      const { output } = environment;
      await withClient(environment, async (client) => {
        const session = await client.session({ clientId: defaultClientId });
        using stop = new StopSignal();
        const { signal } = stop;
        const { Election } = await import('@holdfast/client');
        const observed = new Election(session, name).observe({
          signal,
          ...(after === undefined ? {} : { after }),
        });
        for await (const change of observed)
          output.write(
            output.json ? `${JSON.stringify(change)}\n` : changeLine(change, new Date()),
          );
      });
    });
}

/** @param receivedAt Changes carry no time of their own. */
export function changeLine(change: LeaderChange, receivedAt: Date): string {
  const { leader, reason } = change;
  const who =
    leader === null
      ? `nobody leads${reason === undefined ? '' : ` (${reason})`}`
      : `${leader.client_id}  token ${String(leader.fence_token)}  ${shownJson(leader.value)}`;
  return `${receivedAt.toISOString()}  ${change.position}  ${change.change.padEnd(10)}  ${printable(who)}\n`;
}
