import type { Command } from 'commander';
import type { LocalCluster, LocalClusterOptions } from '@holdfast/server';
import { apiKey } from '../api-key.ts';
import { readStatusOfAny } from '../ask-node.ts';
import { clusterSteps } from '../cluster-steps.ts';
import { exitStatus } from '../exit-status.ts';
import { UsageError } from '../failure.ts';
import { localHost } from '../local-host.ts';
import { note, printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { warn } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { StopSignal } from '../until-signal.ts';

const clusterSizes: readonly number[] = [1, 3, 5, 7];
const firstPort = 5000;
/** Peers listen 2000 above. */
const lastPort = 63_535;
const statusTimeoutMs = 2000;

interface ClusterCommandOptions {
  readonly nodes?: string;
  readonly ports?: string;
  readonly host?: string;
  readonly tls?: true;
  readonly insecure?: true;
  readonly data: string;
}

/** `holdfast cluster` and `holdfast status`. */
export function addClusterCommands(program: Command, at: () => Environment): void {
  program
    .command('cluster')
    .description('Runs a cluster of 1, 3, 5 or 7 nodes on this machine until it is stopped.')
    .option('--nodes <number>', 'how many (default: as many as ports, else 3)')
    .option(
      '--ports <list>',
      'HTTP ports, one a node; peers listen 2000 above (default: 5000, 5001, ...)',
    )
    .option(
      '--host <address>',
      'address of this machine on which all nodes listen (default: HOLDFAST_HTTP_HOST, else 127.0.0.1)',
    )
    .option('--data <folder>', 'folder for the data and logs of all nodes', 'data/cluster')
    .option(
      '--tls',
      'TLS on all ports, with an authority and certificates in the folder "tls" of --data',
    )
    .option('--insecure', "lets a --host of other machines' be reached without TLS, by everybody")
    .addHelpText(
      'after',
      `
Settings of the nodes are taken from environment variables, see "holdfast server --help".
The nodes end with this command, however it ends.

Examples:
  holdfast cluster --nodes 5
  holdfast cluster --ports 8001,8002,8003 --data /tmp/holdfast
  holdfast cluster --tls
  holdfast cluster --host ::1`,
    )
    .action(async (options: ClusterCommandOptions) => {
      const ports = choosePorts(options.nodes, options.ports);
      const host = localHost(options.host ?? process.env['HOLDFAST_HTTP_HOST']);
      const environment: Readonly<Record<string, string>> =
        options.insecure === true ? { HOLDFAST_SECURITY_INSECURE: 'true' } : {};
      const tls = options.tls === true;
      await runCluster(at().output, { ports, host, folder: options.data, tls, environment });
    });
  program
    .command('status')
    .description('Shows the cluster: who leads, who is connected, how far each log is.')
    .addHelpText(
      'after',
      `
Of several endpoints the first that knows a leader tells it.

Exit status 0 while there is a leader, 1 while there is none, 5 when no node answers.

Example:
  holdfast status --endpoint http://127.0.0.1:5000`,
    )
    .action(async () => showStatus(at()));
}

/**
 * @param nodes,list As the options give them.
 * @throws UsageError
 */
export function choosePorts(nodes: string | undefined, list: string | undefined): number[] {
  const count = clusterSizes.find((size) => size === Number(nodes ?? 3)) ?? 0;
  const ports =
    list === undefined
      ? Array.from({ length: count }, (_, position) => firstPort + position)
      : list.split(',').map((port) => (port.trim() === '' ? Number.NaN : Number(port)));
  if (
    !clusterSizes.includes(ports.length) ||
    (nodes !== undefined && Number(nodes) !== ports.length)
  )
    throw new UsageError(
      `A cluster has 1, 3, 5 or 7 nodes, with a port each; given: ${nodes === undefined ? '' : `--nodes "${nodes}" `}${list === undefined ? '' : `--ports "${list}"`}.`,
    );
  const wrong = ports.find((port) => !Number.isInteger(port) || port < 1 || port > lastPort);
  if (wrong !== undefined || new Set(ports).size < ports.length)
    throw new UsageError(
      `--ports takes different ports from 1 to ${String(lastPort)}, separated by commas; given: "${list ?? ''}".`,
    );
  return ports;
}

async function runCluster(
  output: Output,
  where: Required<Pick<LocalClusterOptions, 'ports' | 'host' | 'folder' | 'tls' | 'environment'>>,
): Promise<void> {
  const { ports, folder } = where;
  const say = (text: string): void => {
    if (!output.json) output.write(text);
  };
  say(`Starting ${String(ports.length)} nodes in ${folder} ...\n`);
  const key = apiKey(); // What cannot be read is told before anything is started.
  using stop = new StopSignal();
  let isEnding = false;
  const { startLocalCluster } = await import('@holdfast/server');
  const cluster = await startLocalCluster({
    ...where,
    signal: stop.signal,
    onNodeEnd: (nodeId, how) => {
      if (!isEnding && !stop.signal.aborted)
        warn(`${nodeId} ended (${how}); its log is in ${folder}.`);
    },
  }).catch((error: unknown) => {
    if (stop.signal.aborted) return undefined;
    throw error;
  });
  if (cluster === undefined) return;
  try {
    const stopped = stop.asked();
    const leader = await Promise.race([cluster.leader(undefined, key), stopped]);
    if (leader !== undefined) tellReady(output, cluster, leader);
    await stopped;
    say('\nStopping ...\n');
  } finally {
    isEnding = true;
    await cluster.close();
  }
}

function tellReady(output: Output, cluster: LocalCluster, leader: string): void {
  if (output.json) {
    output.write(
      `${JSON.stringify({ ready: true, leader, nodes: cluster.nodes, ...certificatesOf(cluster) })}\n`,
    );
    return;
  }
  const lines = cluster.nodes.map(
    (node) =>
      `  ${node.nodeId}  ${node.url}  log: ${node.folder}/node.log${node.nodeId === leader ? '  (leads)' : ''}`,
  );
  output.write(`${lines.join('\n')}\n${clusterSteps(cluster)}`);
}

const statusHeads = ['NODE', 'ROLE', 'URL', 'PEER ADDRESS', 'LOG', 'CONNECTED', 'FEATURES TO'];

/** What clients are to be given, where there is TLS. */
function certificatesOf({ security }: LocalCluster): object {
  if (security === undefined) return {};
  const { authority, client } = security;
  return { ca: authority, cert: client.certificate, key: client.key };
}

export async function showStatus(environment: Environment): Promise<void> {
  const { output, finish } = environment;
  const status = await readStatusOfAny(await environment.endpoints(), statusTimeoutMs);
  const rows = status.members.map((member) => [
    member.node_id,
    member.node_id === status.leader ? 'leader' : member.role,
    member.url === '' ? '-' : member.url,
    member.address === '' ? '-' : member.address,
    String(member.match_index ?? '-'),
    member.connected || member.node_id === status.node_id ? 'yes' : 'no',
    String(member.supported_feature_level ?? '-'),
  ]);
  printTable(output, status, statusHeads, rows);
  if (!output.json)
    output.write(`The cluster is at feature level ${String(status.feature_level)}.\n`);
  if (status.insecure)
    note(
      output,
      `${status.node_id} is reached from other machines without TLS and authentication (security.insecure).`,
    );
  if (!status.is_ready) {
    note(
      output,
      status.removed
        ? `${status.node_id} was removed from the cluster and serves nobody any more: stop it, and ask another node.`
        : `${status.node_id} knows no leader at the moment: is a majority of the nodes running?`,
    );
    finish(exitStatus.failure);
  }
}
