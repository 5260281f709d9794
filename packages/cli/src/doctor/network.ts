/** What this node and the others can be reached at, what they run, and what their clocks say. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { hostPortOf } from '@holdfast/protocol';
import type { HostPort } from '@holdfast/protocol';
import type { Configuration } from '@holdfast/server';
import { askUrl } from '../certificates.ts';
import { readStatus } from '../ask-node.ts';
import { fine, reasonOf, warning, wrong } from './finding.ts';
import type { Finding } from './finding.ts';

const patienceMs = 3000;
/** The header has whole seconds. */
const clockToleranceMs = 2000;

/** Whether something listens there already; undefined where it cannot be told. */
async function isTaken({ host, port }: HostPort): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The ports of a node that does not run are free, those of one that runs are its own. */
export async function examinePorts(
  configuration: Pick<
    Configuration,
    'httpHost' | 'httpPort' | 'grpc' | 'peerListen' | 'metricsListen'
  >,
  isRunning: boolean,
): Promise<readonly Finding[]> {
  const { httpHost, httpPort, grpc, peerListen, metricsListen } = configuration;
  const ports: readonly (readonly [setting: string, at: HostPort | null])[] = [
    ['http.port', { host: httpHost, port: httpPort }],
    ['grpc.port', grpc],
    ['cluster.listen', peerListen],
    ['metrics.listen', metricsListen],
  ];
  const findings: Finding[] = [];
  for (const [setting, at] of ports) {
    if (at === null || at.port === 0) continue;
    const reason = await isTaken(at);
    if (reason !== undefined && !isRunning)
      findings.push(
        wrong(
          'ports',
          `${setting}: ${reason}`,
          `Stop what listens there, or choose another ${setting}.`,
        ),
      );
  }
  if (findings.length > 0) return findings;
  return [
    fine('ports', isRunning ? 'the node runs on its ports' : 'the ports of the node are free'),
  ];
}

async function reaches(address: string): Promise<string | undefined> {
  const at = hostPortOf(address);
  if (at === undefined) return 'this is no address';
  const socket = connect({ ...at, signal: AbortSignal.timeout(patienceMs) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(patienceMs) });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    socket.destroy();
  }
}

export async function examinePeers(peers: Configuration['peers']): Promise<readonly Finding[]> {
  const reasons = await Promise.all(peers.map(({ address }) => reaches(address)));
  return peers.map(({ id, address }, place) => {
    const reason = reasons[place];
    return reason === undefined
      ? fine('peers', `${id} listens at ${address}`)
      : warning(
          'peers',
          `${id} is not reached at ${address}: ${reason}`,
          `Start ${id}, or correct its address in cluster.peers, or open the port to this machine.`,
        );
  });
}

interface Told {
  readonly url: string;
  readonly nodeId: string;
  readonly clusterId: string;
  readonly version: string;
  readonly leader: string | null;
  readonly members: string;
  readonly insecure: boolean;
  readonly clockAheadMs: number | undefined;
}

async function ask(url: string): Promise<Told | undefined> {
  const status = await readStatus(url, AbortSignal.timeout(patienceMs));
  if (status === undefined) return undefined;
  const startedMs = Date.now();
  const probe = await askUrl(`${url}/livez`, { signal: AbortSignal.timeout(patienceMs) }).catch(
    () => undefined,
  );
  const date = Date.parse(probe?.headers.get('date') ?? '');
  // The middle of the question, and of the second that the header stands for.
  const hereMs = (startedMs + Date.now()) / 2;
  return {
    url,
    nodeId: status.node_id,
    clusterId: status.cluster_id,
    version: status.version,
    leader: status.leader,
    members: status.members
      .map(({ node_id }) => node_id)
      .sort()
      .join(', '),
    insecure: status.insecure,
    clockAheadMs: Number.isNaN(date) ? undefined : date + 500 - hereMs,
  };
}

/** All nodes that run. @returns Also whether this node is one of them. */
export async function examineNodes(
  endpoints: readonly string[],
  nodeId: string,
): Promise<{ readonly findings: readonly Finding[]; readonly isRunning: boolean }> {
  const asked = await Promise.all(endpoints.map(ask));
  const nodes = asked.filter((one) => one !== undefined);
  const findings: Finding[] = [];
  if (nodes.length === 0)
    findings.push(
      warning(
        'peers',
        `no node answers at ${endpoints.join(', ')}`,
        'Name running nodes with --endpoint to have them compared.',
      ),
    );
  const compare = (what: string, of: (one: Told) => string, advice: string): void => {
    const different = new Set(nodes.map(of));
    if (different.size > 1)
      findings.push(
        warning(
          'peers',
          `nodes differ in ${what}: ${nodes.map((one) => `${one.nodeId}: ${of(one)}`).join('; ')}`,
          advice,
        ),
      );
    else if (nodes.length > 1)
      findings.push(
        fine('peers', `${String(nodes.length)} nodes agree on ${what}: ${[...different].join()}`),
      );
  };
  compare('the release', ({ version }) => version, 'End the upgrade: see docs/operations.md.');
  compare(
    'the members',
    ({ members }) => members,
    'One that is behind catches up by itself; if it does not, look at its log.',
  );
  compare(
    'the name of the cluster',
    ({ clusterId }) => clusterId,
    'These are nodes of different clusters: correct the endpoints.',
  );
  for (const { nodeId: id, clockAheadMs, leader, insecure } of nodes) {
    if (leader === null)
      findings.push(wrong('peers', `${id} knows no leader`, 'See docs/runbooks/lost-majority.md.'));
    if (insecure)
      findings.push(
        warning(
          'security',
          `${id} is reached without TLS and authentication`,
          'Give it certificates: see docs/security.md.',
        ),
      );
    if (clockAheadMs !== undefined && Math.abs(clockAheadMs) > clockToleranceMs)
      findings.push(
        warning(
          'clocks',
          `the clock of ${id} is ${(Math.abs(clockAheadMs) / 1000).toFixed(1)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine's`,
          'Set both by NTP. See docs/runbooks/wrong-clock.md.',
        ),
      );
    else if (clockAheadMs !== undefined)
      findings.push(fine('clocks', `the clock of ${id} is that of this machine`));
  }
  return { findings, isRunning: nodes.some((one) => one.nodeId === nodeId) };
}
