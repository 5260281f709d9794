/** `holdfast quorum-cluster`: the nodes of a quorum, all on this machine. */
import { basename, relative } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { localHost } from '../local-host.ts';
import { printTable } from '../output.ts';
import type { Output } from '../output.ts';
import type { Environment } from '../environment.ts';
import { sourceFlags, startLeaseNodes } from '../quorum/local-nodes.ts';
import type { LocalLeaseNode } from '../quorum/local-nodes.ts';
import {
  addAllowedHost,
  addNodeTerms,
  allowedHostsOf,
  nodeTimes,
} from '../quorum/node-settings.ts';
import type { AllowedHostOptions, TermsOptions } from '../quorum/node-settings.ts';
import { refuseEndpoints, usualNodes, usualPorts } from '../quorum/voters.ts';
import { StopSignal } from '../until-signal.ts';

const lastPort = 65_535;
/** New nodes agree in well under a second; one that lost its file takes a minute, and is not waited for. */
const votingWaitMs = 3000;
/** How many of 3, 5 or 7 may die. */
const numberWords = ['none', 'one', 'two', 'three'];

interface QuorumClusterOptions extends TermsOptions, AllowedHostOptions {
  readonly ports: string;
  readonly host?: string;
  readonly insecure?: true;
  readonly data: string;
}

export function addQuorumCluster(program: Command, at: () => Environment): void {
  const cluster = program
    .command('quorum-cluster')
    .description('Runs 3, 5 or 7 lease nodes on this machine until it is stopped.')
    .option('--ports <list>', 'one a node, separated by commas', usualPorts.join(','))
    .option(
      '--host <address>',
      'address of this machine on which all nodes listen (default: 127.0.0.1)',
    )
    .option('--insecure', 'lets a --host that other machines reach be used by everybody')
    .option('--data <folder>', 'folder for the files and logs of all nodes', 'data/quorum');
  addNodeTerms(addAllowedHost(cluster))
    .addHelpText(
      'after',
      `
Each node is a process of its own: kill one, and the others go on. The nodes end with this command,
however it ends.

Examples:
  holdfast quorum-cluster
  holdfast quorum-cluster --ports 6001,6002,6003,6004,6005 --data /tmp/quorum
  holdfast quorum-cluster --allowed-host leases.example   # behind a proxy on this machine`,
    )
    .action(async (options: QuorumClusterOptions, command: Command) => {
      refuseEndpoints(command);
      nodeTimes(options);
      allowedHostsOf(options);
      await runNodes(at().output, portsOf(options.ports), options);
    });
}

/** @throws UsageError */
export function portsOf(list: string): readonly number[] {
  const ports = list.split(',').map((port) => (port.trim() === '' ? Number.NaN : Number(port)));
  const wrong = ports.find((port) => !Number.isInteger(port) || port < 1 || port > lastPort);
  if (
    ![3, 5, 7].includes(ports.length) ||
    wrong !== undefined ||
    new Set(ports).size < ports.length
  )
    throw new UsageError(
      `--ports takes 3, 5 or 7 different ports from 1 to ${String(lastPort)}, separated by commas; given: "${list}".`,
    );
  return ports;
}

async function runNodes(
  output: Output,
  ports: readonly number[],
  options: QuorumClusterOptions,
): Promise<void> {
  const say = (text: string): void => {
    if (!output.json) output.write(text);
  };
  say(`Starting ${String(ports.length)} lease nodes in ${options.data} ...\n`);
  using stop = new StopSignal();
  let isEnding = false;
  const cluster = await startLeaseNodes({
    ports,
    host: localHost(options.host),
    folder: options.data,
    words: wordsOf(options),
    signal: stop.signal,
    onNodeEnd: (node, how) => {
      if (!isEnding && !stop.signal.aborted) process.stderr.write(endText(node, how));
    },
  }).catch((error: unknown) => {
    if (stop.signal.aborted) return undefined;
    throw error;
  });
  if (cluster === undefined) return;
  try {
    const stopped = stop.asked();
    const voting = await Promise.race([cluster.voting(votingWaitMs), stopped]);
    if (voting !== undefined) tellReady(output, cluster.nodes, voting);
    await stopped;
    say('\nStopping ...\n');
  } finally {
    isEnding = true;
    await cluster.close();
  }
}

/** What all nodes are told alike, as it was given. */
export function wordsOf(
  options: Omit<QuorumClusterOptions, 'ports' | 'host' | 'data'>,
): readonly string[] {
  const { epoch, maxTtl, driftBuffer, apiKeyFile, allowedHost, insecure } = options;
  return [
    '--epoch',
    epoch,
    '--max-ttl',
    maxTtl,
    ...(driftBuffer === undefined ? [] : ['--drift-buffer', driftBuffer]),
    ...(apiKeyFile === undefined ? [] : ['--api-key-file', apiKeyFile]),
    ...(allowedHost === undefined ? [] : ['--allowed-host', allowedHost]),
    ...(insecure === true ? ['--insecure'] : []),
  ];
}

function tellReady(
  output: Output,
  nodes: readonly LocalLeaseNode[],
  voting: readonly boolean[],
): void {
  const rows = nodes.map(({ name, url, pid, file, log }, position) => [
    name,
    url,
    String(pid ?? '-'),
    voting[position] === true ? 'yes' : 'not yet',
    file,
    log,
  ]);
  if (output.json) {
    const told = nodes.map(({ words: _words, ...node }, position) => ({
      ...node,
      voting: voting[position] === true,
    }));
    output.write(`${JSON.stringify({ ready: true, nodes: told })}\n`);
    return;
  }
  printTable(output, {}, ['NODE', 'URL', 'PROCESS', 'VOTES', 'FILE', 'LOG'], rows);
  output.write(firstSteps(nodes, voting));
}

function firstSteps(nodes: readonly LocalLeaseNode[], voting: readonly boolean[]): string {
  const votes = voting.filter(Boolean).length;
  const state =
    votes === nodes.length
      ? 'All vote, and what a majority of them grants is held.'
      : `${String(votes)} of ${String(nodes.length)} vote; one whose file is new among others that are not waits until its leases have ended. Its log tells.`;
  const holdfast = invocation();
  const isUsual = nodes.every(({ url }, place) => url === usualNodes[place]);
  const named = isUsual ? '' : ` --nodes ${nodes.map(({ url }) => url).join(',')}`;
  const mayDie = nodes.slice(1, (nodes.length + 1) / 2);
  return `
${state} Try, in another terminal:

  ${holdfast} quorum lock run${named} my-job -- sleep 30
  ${holdfast} quorum status${named} my-job
  kill -9 ${mayDie.map(({ pid }) => String(pid)).join(' ')}    # ${numberWords[mayDie.length] ?? ''} may die

Ctrl-C stops them.
`;
}

function endText({ name, url, log, words }: LocalLeaseNode, how: string): string {
  return `holdfast: ${name} on ${url} ended (${how}); its log is ${log}. Start it again with:\n  ${invocation()} ${words.join(' ')}\n`;
}

/** How this command was called, so that what is shown can be copied. */
function invocation(): string {
  const path = process.argv[1] ?? '';
  if (basename(path) !== 'main.js' && basename(path) !== 'main.ts') return 'holdfast';
  const near = relative('', path);
  return ['node', ...sourceFlags(), near.startsWith('..') ? path : near].join(' ');
}
