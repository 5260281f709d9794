/** `holdfast member ...` and `holdfast transfer`: who belongs to the cluster, and who leads it. */
import type { Command } from 'commander';
import { change } from '../operate.ts';
import { printRecord } from '../output.ts';
import type { Environment } from '../environment.ts';
import { showStatus } from './cluster.ts';

export function addMemberCommands(program: Command, at: () => Environment): void {
  const member = program
    .command('member')
    .description('Lists, adds, promotes and removes members of the cluster.')
    .enablePositionalOptions();
  member
    .command('list')
    .description('Lists the members: who leads, who votes, how far each log is.')
    .addHelpText('after', '\nExample:\n  holdfast member list')
    .action(async () => showStatus(at()));
  member
    .command('add <node-id> <address>')
    .description('Adds a member, which is to be started with --cluster-join true.')
    .addHelpText(
      'after',
      `
ADDRESS is where its peers reach it (host:port). It has no vote until it has the log; then the leader gives it
one by itself.

Example:
  holdfast member add node-4 10.0.0.4:7000`,
    )
    .action(async (nodeId: string, address: string) => {
      const { output, endpoints } = at();
      printRecord(
        output,
        await change(await endpoints(), 'add_member', { node_id: nodeId, address }),
      );
    });
  member
    .command('promote <node-id>')
    .description('Makes a learner that has caught up a voting member.')
    .addHelpText(
      'after',
      `
The leader promotes a learner by itself when it has the log. This command does so at once, or says what the
learner lacks. A member that has a vote keeps it.

Example:
  holdfast member promote node-4`,
    )
    .action(async (nodeId: string) => {
      const { output, endpoints } = at();
      printRecord(output, await change(await endpoints(), 'promote_member', { node_id: nodeId }));
    });
  member
    .command('remove <node-id>')
    .description('Removes a member for good: its name is never used again.')
    .addHelpText('after', '\nExample:\n  holdfast member remove node-2')
    .action(async (nodeId: string) => {
      const { output, endpoints } = at();
      printRecord(output, await change(await endpoints(), 'remove_member', { node_id: nodeId }));
    });
  program
    .command('transfer [node-id]')
    .description('Makes another member lead: that one, or the most up-to-date one.')
    .addHelpText('after', '\nExample:\n  holdfast transfer node-2')
    .action(async (nodeId: string | undefined) => {
      const { output, endpoints } = at();
      const body = nodeId === undefined ? {} : { node_id: nodeId };
      printRecord(output, await change(await endpoints(), 'transfer', body));
    });
}
