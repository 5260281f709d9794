import type { Command } from 'commander';
import { HoldfastError } from '@holdfast/protocol';
import { startLocalCluster } from '@holdfast/server';
import { printTable } from '../output.ts';
import type { Environment } from '../program.ts';
import { firstSteps } from './server.ts';

/** `holdfast cluster` and `holdfast status`. */
export function addClusterCommands(program: Command, at: () => Environment): void {
  program
    .command('cluster')
    .description('Runs a cluster of 1, 3, 5 or 7 nodes on this machine until it is stopped.')
    .option('--ports <list>', 'HTTP ports, one a node; peers listen 2000 above', '5000,5001,5002')
    .option('--data <folder>', 'folder for the data and logs of all nodes', 'data/cluster')
    .addHelpText(
      'after',
      '\nExample:\n  holdfast cluster --ports 8001,8002,8003 --data /tmp/holdfast',
    )
    .action(async (options: { readonly ports: string; readonly data: string }) => {
      await runCluster(parsePorts(options.ports), options.data);
    });
  program
    .command('status')
    .description('Shows the cluster: who leads, who is connected, how far each log is.')
    .addHelpText('after', '\nExample:\n  holdfast --endpoint http://127.0.0.1:5000 status')
    .action(async () => showStatus(at()));
}

function parsePorts(list: string): number[] {
  const ports = list.split(',').map(Number);
  if (
    ![1, 3, 5, 7].includes(ports.length) ||
    ports.some((port) => !Number.isInteger(port) || port < 1 || port > 63_535)
  ) {
    throw new Error(
      `--ports takes 1, 3, 5 or 7 ports below 63536, separated by commas; given: "${list}".`,
    );
  }
  return ports;
}

async function runCluster(ports: readonly number[], folder: string): Promise<void> {
  process.stdout.write(`Starting ${String(ports.length)} nodes in ${folder} ...\n`);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const cluster = await startLocalCluster({ ports, folder });
  try {
    const leader = await cluster.leader();
    const lines = cluster.nodes.map(
      (node) =>
        `  ${node.nodeId}  ${node.url}  log: ${node.folder}/node.log${node.nodeId === leader ? '  (leads)' : ''}`,
    );
    process.stdout.write(
      `${lines.join('\n')}\n${firstSteps(cluster.urls[0] ?? '', 'The cluster is ready; any node answers')}`,
    );
    await stopped;
    process.stdout.write('\nStopping ...\n');
  } finally {
    await cluster.close();
  }
}

interface Status {
  readonly node_id: string;
  readonly leader: string | null;
  readonly members: readonly {
    readonly node_id?: string;
    readonly id?: string;
    readonly address: string;
    readonly role: string;
    readonly match_index?: number | null;
    readonly connected?: boolean;
  }[];
}

async function showStatus({ endpoints, output }: Environment): Promise<void> {
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    let answer: Response;
    try {
      answer = await fetch(new URL('/cluster/status', endpoint), {
        signal: AbortSignal.timeout(2000),
      });
    } catch {
      failures.push(endpoint);
      continue;
    }
    const status = (await answer.json()) as Status;
    const rows = status.members.map((member) => {
      const id = member.node_id ?? member.id ?? '';
      return [
        id,
        id === status.leader ? 'leader' : member.role,
        member.address,
        String(member.match_index ?? '-'),
        member.connected === false ? 'no' : 'yes',
      ];
    });
    printTable(output, status, ['NODE', 'ROLE', 'PEER ADDRESS', 'LOG', 'CONNECTED'], rows);
    return;
  }
  throw new HoldfastError('connection_lost', `No node answered.`, { endpoints: failures });
}
