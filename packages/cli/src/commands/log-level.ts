/** `holdfast log-level`: what nodes log, and the change of that while they run. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { change } from '../operate.ts';
import { printTable } from '../output.ts';
import type { Environment } from '../environment.ts';

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
type Level = (typeof levels)[number];

export function addLogLevelCommand(program: Command, at: () => Environment): void {
  program
    .command('log-level')
    .description('Shows what nodes log, or changes it until they are started again.')
    .addArgument(new Argument('[level]', 'least severe messages that are logged').choices(levels))
    .addHelpText(
      'after',
      `
Each of the nodes that are named by --endpoint is asked, and no other one: a level is of one node. The setting
log.level counts again when it is started again. Whoever changes it has the right "admin" of "node".

Examples:
  holdfast --endpoint http://10.0.0.1:8080 log-level
  holdfast --endpoint http://10.0.0.1:8080 --endpoint http://10.0.0.2:8080 log-level debug`,
    )
    .action(async (level: Level | undefined) => {
      const { output, endpoints } = at();
      const nodes = [];
      for (const url of await endpoints()) {
        const told =
          level === undefined
            ? await change([url], 'log_level', {})
            : await change([url], 'set_log_level', { level });
        nodes.push({ url, ...told });
      }
      printTable(
        output,
        { nodes },
        ['NODE', 'URL', 'LEVEL'],
        nodes.map((node) => [node.node_id, node.url, node.level]),
      );
    });
}
