/** `holdfast barrier ...` */
import type { Command } from 'commander';
import type { BarrierAnswer } from '@holdfast/protocol';
import { printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { withClient } from '../with-client.ts';
import { addBarrierEnter } from './barrier-enter.ts';

export function addBarrierCommands(program: Command, at: () => Environment): void {
  const barrier = program
    .command('barrier')
    .description(
      'Double barriers: a number of processes enter, continue together, and leave together.',
    )
    .enablePositionalOptions();
  addBarrierEnter(barrier, at);
  barrier
    .command('status <name>')
    .description('Shows who is inside, and whether all have come.')
    .addHelpText('after', '\nExample:\n  holdfast barrier status step-1')
    .action(async (name: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printStatus(environment.output, await client.call('barrier_status', { name }));
      });
    });
}

function printStatus(output: Output, status: BarrierAnswer): void {
  const { resource, round, parties, open, members, member_count: count } = status;
  if (!output.json) {
    const name = printable(resource);
    if (round === null || parties === null) {
      output.write(`Nobody is inside ${name}.\n`);
      return;
    }
    const inside = `${String(count)} of ${String(parties)}`;
    output.write(
      open
        ? `${name}: all ${String(parties)} have come, ${String(count)} have not left yet (round ${String(round)}).\n\n`
        : `${name}: ${inside} have come (round ${String(round)}).\n\n`,
    );
  }
  printTable(
    output,
    status,
    ['CLIENT'],
    members.map((member) => [member.client_id]),
  );
  if (!output.json && count > members.length)
    output.write(`and ${String(count - members.length)} more\n`);
}
