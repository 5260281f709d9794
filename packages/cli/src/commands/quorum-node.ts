/** `holdfast quorum-node`: one of the independent nodes that vote on leases. */
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { LeaseNodeLog, RunningLeaseNode } from '@holdfast/quorum';
import type { Output } from '../output.ts';
import type { Environment } from '../environment.ts';
import { tryAddress } from '../quorum/free-address.ts';
import { startFailure } from '../quorum/node-failure.ts';
import { nodeLog } from '../quorum/node-log.ts';
import { addNodeTls } from '../quorum/node-tls.ts';
import { addAllowedHost, addNodeTerms, nodeSettings } from '../quorum/node-settings.ts';
import type { LeaseNodeFlags, NodeSettings } from '../quorum/node-settings.ts';
import { refuseEndpoints, usualPorts } from '../quorum/voters.ts';

/** Exit status of a node that met an error it must not survive, as of `holdfast server`. */
const fatalExitStatus = 70;
const gracefulStopMs = 5000;

export function addQuorumNode(program: Command, at: () => Environment): void {
  const node = program
    .command('quorum-node')
    .description(
      'Runs one lease node until it is stopped: independent of the others, without a leader.',
    )
    .requiredOption('--db <file>', 'SQLite file of this node, and of no other')
    .option(
      '--port <number>',
      'port on which clients are served; 0 takes a free one',
      String(usualPorts[0]),
    )
    .option('--host <address>', 'address on which clients are served', '127.0.0.1')
    .option(
      '--peers <list>',
      'URLs of all other nodes of the set, by the names by which every node and client knows them (a file that knows its set needs none)',
    )
    .option('--join', 'waits to be made a member of a set: holdfast quorum reconfigure')
    .option(
      '--advertise <url>',
      'name of this node in the set (default: where it listens, which must not be all addresses then)',
    )
    .option(
      '--reach <list>',
      'NAME=URL, separated by commas: where this node reaches members that are not to be reached by their names',
    )
    .option('--max-waiters <number>', 'how many may wait here for one name', '20000')
    .option(
      '--max-connections <number>',
      'how many connections; where one more comes, the one that has been idle for longest is closed',
      '10000',
    )
    .option('--max-connections-per-address <number>', 'how many of one address', '5000')
    .option(
      '--max-requests-per-second-per-address <number>',
      'how many acquires and waits of one address in a second; 0: not limited',
      '0',
    )
    .option(
      '--max-request-bytes-per-second-per-address <number>',
      'how many bytes of requests of one address in a second; beyond it acquires and waits are refused; 0: not limited',
      '0',
    )
    .option(
      '--max-waits-per-address <number>',
      'how many waits of one address at a time; 0: not limited',
      '25000',
    )
    .option(
      '--max-leases-per-address <number>',
      'how many leases of one address stand at a time; those from before a start count once they are renewed; 0: not limited',
      '500000',
    )
    .option(
      '--max-released-leases-per-address <number>',
      'how many leases one address has released lately, of those that are remembered for 90 s; beyond it acquires are refused; 0: not limited',
      '500000',
    );
  addNodeTerms(addAllowedHost(addNodeTls(node)))
    .addHelpText(
      'after',
      `
--epoch, --max-ttl, --drift-buffer and the key are the same on all nodes. A node without its file votes
when all others are new as well, else when the leases that it may have granted have ended: the longest
--max-ttl and --drift-buffer that it or any other node was ever set to, after its start. A larger --max-ttl
than before takes effect when so much time has passed since the start; a start before that begins it anew.

The set (this node and its --peers) is in the file from the first start on: a node that is told another one
does not start. It is changed with: holdfast quorum reconfigure.

Examples, one on each machine:
  holdfast quorum-node --host 0.0.0.0 --advertise http://a:5001 --db n1.sqlite --insecure \\
    --peers http://b:5001,http://c:5001
  holdfast quorum-node --host d --db n4.sqlite --join --insecure
  holdfast quorum-node --db n4.sqlite --allowed-host leases.example   # behind a proxy on its machine
  HOLDFAST_API_KEY=$(cat key) holdfast quorum-node --db n1.sqlite --tls-cert n1.pem --tls-key n1.key
  holdfast quorum-node --host a --advertise https://a:5001 --db n1.sqlite --join \\
    --tls-cert a.crt --tls-key a.key --tls-authority ca.crt`,
    )
    .action(async (options: LeaseNodeFlags, command: Command) => {
      refuseEndpoints(command);
      const settings = nodeSettings(options);
      const running = await start(settings);
      process.send?.({ ready: true, url: running.url });
      tell(at().output, running, settings);
      // Signals end the process.
      await new Promise<never>(() => {
        // Never settles.
      });
    });
}

async function start(settings: NodeSettings): Promise<RunningLeaseNode> {
  const log = nodeLog(`quorum-node:${String(settings.port)}`);
  const fatal = (error: unknown): void => {
    // A half-dead node is worse than a dead one: no clean-up that could hang.
    const err = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error({ err }, 'This node cannot go on.');
    process.exit(fatalExitStatus);
  };
  const stops = new StopRequests(log);
  let reload: RunningLeaseNode['reload'];
  let isReloadAsked = false;
  // As in a node of a cluster (RELOAD-1 of the server).
  if (settings.tls !== undefined || !isatty(0) || process.pid === 1)
    process.on('SIGHUP', () => {
      isReloadAsked = true;
      if (settings.tls === undefined)
        log.info({}, 'SIGHUP: this node has no certificates to read again. It goes on.');
      void reload?.();
    });
  let node: RunningLeaseNode;
  try {
    // Before there is a file that nobody needs.
    await tryAddress(settings.host, settings.port);
    const { startLeaseNode } = await import('@holdfast/quorum');
    node = await startLeaseNode({ ...settings, log });
  } catch (error) {
    throw startFailure(error, settings);
  }
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  // It stops, and the process with it.
  if (!stops.started(node)) await new Promise<never>(() => undefined);
  ({ reload } = node);
  if (isReloadAsked) void reload?.();
  if (settings.isInsecure === true)
    log.warn(
      { host: settings.host },
      'INSECURE: other machines reach this node without TLS and authentication, as --insecure says. Everybody who reaches it can do everything.',
    );
  return node;
}

/** What asks the process to stop, from before its node has started: it stops as soon as it has. A second request ends it at once. */
class StopRequests {
  readonly #log: LeaseNodeLog;
  #node: RunningLeaseNode | undefined;
  #isAsked = false;

  constructor(log: LeaseNodeLog) {
    this.#log = log;
    process.on('SIGTERM', this.#ask);
    process.on('SIGINT', this.#ask);
    // Whoever started several holds the other end: when it is gone, so are its nodes.
    if (process.env['HOLDFAST_STOP_WITH_PARENT'] !== '1') return;
    process.on('disconnect', this.#ask);
    if (!process.connected) this.#ask();
  }

  /** @returns Whether it is to go on. */
  started(node: RunningLeaseNode): boolean {
    this.#node = node;
    if (this.#isAsked) this.#stop(node);
    return !this.#isAsked;
  }

  readonly #ask = (): void => {
    if (this.#isAsked) process.exit(1);
    this.#isAsked = true;
    this.#log.info({}, 'Stopping; once more to stop at once.');
    setTimeout(() => {
      this.#log.error({}, `It did not stop in ${String(gracefulStopMs)} ms, and ends as it is.`);
      process.exit(1);
    }, gracefulStopMs).unref();
    if (this.#node !== undefined) this.#stop(this.#node);
  };

  #stop(node: RunningLeaseNode): void {
    node.close().then(
      () => process.exit(0),
      (error: unknown) => {
        this.#log.error({ err: error }, 'Stopping failed.');
        process.exit(1);
      },
    );
  }
}

function tell(output: Output, node: RunningLeaseNode, settings: NodeSettings): void {
  const { url } = node;
  const { file } = settings;
  const voting = node.isVoting();
  output.write(
    output.json
      ? `${JSON.stringify({ ready: true, url, voting, file })}\n`
      : `
The lease node on ${url} ${voting ? 'votes' : notYet(settings)}. Its file is ${file}. Try:

  curl ${url}/health

Ctrl-C stops it.
`,
  );
}

/** What has to happen before it votes. */
function notYet({ peers, longestTtlMs, driftBufferMs }: NodeSettings): string {
  const longestSeconds = String(Math.ceil((longestTtlMs + driftBufferMs) / 1000));
  return peers.length === 0
    ? 'does not vote yet: it waits to be made a member of a set, or asks the others of its set'
    : `does not vote yet: its file is new. It asks ${peers.join(', ')}; that takes a moment when all are new, else ${longestSeconds} s`;
}
