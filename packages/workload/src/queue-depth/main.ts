/**
 * `make bench-queue-depth`: a deep queue on three node processes. Messages are pushed and stay; what each node takes in memory and
 * on its disk, and its longest turn of the event loop, are told on the way. Then one node is stopped until its log
 * is behind a snapshot, and comes back; another one is started anew; the messages are taken, and each is compared
 * with what was pushed. Exit status 1 where one is missing or differs.
 */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster, LocalNode } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { table, whole } from '../statistics/table.ts';

const help = `Usage: npm run bench:queue-depth -- [OPTION]…

  --messages N   that are pushed (100,000)
  --bytes N      of each payload (10,240)
  --folder PATH  where nodes keep their data (a new folder for temporary files)
`;
const { values } = readFlags({
  options: {
    messages: { type: 'string', default: '100000' },
    bytes: { type: 'string', default: '10240' },
    folder: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const mebibyte = 1024 * 1024;
const queue = 'deep';
/** A command has at most 512 KiB, and so has an answer. */
const mostBatchBytes = 400 * 1024;
const atOnce = 4;
const reportedParts = 5;
/** Of the messages, while one node is away. */
const awayShare = 0.2;
const catchUpMs = 600_000;
const drainMs = 600_000;
const emptyPauseMs = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Its number, and then whatever belongs to that number. */
const payloadOf = (number: number, bytes: number): string =>
  `${String(number)} `.repeat(Math.ceil(bytes / 2)).slice(0, bytes - 2);

const unavailable = 503;

/** Undefined: there is no leader, or it was lost meanwhile. */
async function ask(url: string, path: string, body?: object): Promise<unknown> {
  const signal = AbortSignal.timeout(60_000);
  const json = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}${path}`, {
    signal,
    ...(body === undefined ? {} : { method: 'POST', headers: json, body: JSON.stringify(body) }),
  });
  if (response.status === unavailable) {
    await response.text();
    return undefined;
  }
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.headers.get('content-type')?.includes('json') === true
    ? response.json()
    : response.text();
}

async function metric(url: string, name: string): Promise<number> {
  const text = String(await ask(url, '/metrics'));
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

const residentBytes = async ({ pid }: LocalNode): Promise<number> => {
  const text = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? Number.NaN) * 1024;
};

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder)) sum += (await stat(join(folder, name))).size;
  return sum;
}

interface Line {
  readonly when: string;
  readonly messagesPerSecond: number;
  readonly nodes: readonly NodeStats[];
}

interface NodeStats {
  readonly peakBytes: number;
  readonly longestTurnMs: number;
  readonly payloadBytes: number;
  readonly snapshotBytes: number;
}

const statsOf = async (node: LocalNode): Promise<NodeStats> => ({
  peakBytes: await residentBytes(node),
  longestTurnMs: 1000 * (await metric(node.url, 'holdfast_event_loop_longest_turn_seconds')),
  payloadBytes: await bytesIn(join(node.folder, 'data', 'payloads')),
  snapshotBytes: await bytesIn(join(node.folder, 'data', 'snapshots')),
});

async function lineOf(
  cluster: LocalCluster,
  when: string,
  messagesPerSecond: number,
): Promise<Line> {
  const running = cluster.nodes.filter(({ pid }) => pid !== undefined);
  return { when, messagesPerSecond, nodes: await Promise.all(running.map(statsOf)) };
}

/** Returns messages a second. */
async function push(
  cluster: LocalCluster,
  from: number,
  through: number,
  bytes: number,
): Promise<number> {
  const startedMs = performance.now();
  const perBatch = Math.max(1, Math.floor(mostBatchBytes / bytes));
  let next = from;
  const work = async (): Promise<void> => {
    let url = await leaderUrl(cluster);
    while (next <= through) {
      const first = next;
      next = Math.min(through + 1, first + perBatch);
      const messages = [];
      for (let number = first; number < next; number++)
        messages.push({ key: `key ${String(number)}`, payload: payloadOf(number, bytes) });
      // Where the leader was lost it is pushed again: then it may be there twice.
      while ((await ask(url, '/queue/push-batch', { queue, messages })) === undefined)
        url = await leaderUrl(cluster);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (1000 * (through - from + 1)) / (performance.now() - startedMs);
}

async function leaderUrl(cluster: LocalCluster): Promise<string> {
  const leader = await cluster.leader(60_000);
  return cluster.nodes.find(({ nodeId }) => nodeId === leader)?.url ?? '';
}

interface Taken {
  readonly messages: readonly { readonly payload: string }[];
}

/** Takes and compares all of them. Returns messages a second. */
async function drain(cluster: LocalCluster, count: number, bytes: number): Promise<number> {
  const startedMs = performance.now();
  const seen = new Set<number>();
  const work = async (): Promise<void> => {
    let url = await leaderUrl(cluster);
    for (;;) {
      // What a lost leader had taken comes again.
      const answer = (await ask(
        url,
        `/queue/pop?queue=${queue}&count=40&visibility_seconds=60`,
      )) as Taken | undefined;
      if (answer === undefined) {
        url = await leaderUrl(cluster);
        continue;
      }
      if (answer.messages.length === 0) {
        if (seen.size >= count || performance.now() - startedMs > drainMs) return;
        await pause(emptyPauseMs);
      }
      for (const { payload } of answer.messages) {
        const number = Number.parseInt(payload, 10);
        if (payload !== payloadOf(number, bytes))
          throw new Error(`The payload of message ${String(number)} is not what was pushed.`);
        seen.add(number);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (seen.size !== count)
    throw new Error(`${String(count)} messages were pushed, and ${String(seen.size)} taken.`);
  return (1000 * count) / (performance.now() - startedMs);
}

/** Returns how long it took, in seconds. */
async function caughtUp(cluster: LocalCluster, { url }: LocalNode): Promise<number> {
  const startedMs = performance.now();
  const applied = async (of: string): Promise<number> => {
    const status = await ask(of, '/cluster/status').catch(() => undefined);
    return typeof status === 'object' && status !== null && 'applied_index' in status
      ? Number(status.applied_index)
      : 0;
  };
  const wanted = await applied(await leaderUrl(cluster));
  while ((await applied(url)) < wanted) {
    if (performance.now() - startedMs > catchUpMs) throw new Error('A node did not catch up.');
    await pause(200);
  }
  return (performance.now() - startedMs) / 1000;
}

async function measure(cluster: LocalCluster, count: number, bytes: number): Promise<void> {
  const lines: Line[] = [];
  const tell = async (when: string, messagesPerSecond: number): Promise<void> => {
    console.error(`${when}: ${whole(messagesPerSecond)} messages a second.`);
    lines.push(await lineOf(cluster, when, messagesPerSecond));
  };
  const before = Math.round(count * (1 - awayShare));
  for (let part = 0; part < reportedParts; part++) {
    const from = Math.round((part * before) / reportedParts) + 1;
    const through = Math.round(((part + 1) * before) / reportedParts);
    await tell(`${whole(through)} pushed`, await push(cluster, from, through, bytes));
  }
  const leader = await cluster.leader();
  const [away, other] = cluster.nodes.filter(({ nodeId }) => nodeId !== leader);
  if (away === undefined || other === undefined) throw new Error('There are no followers.');
  await cluster.kill(away.nodeId, 'SIGKILL');
  await tell(`${whole(count)} pushed, one away`, await push(cluster, before + 1, count, bytes));
  await cluster.restart(away.nodeId);
  const backSeconds = await caughtUp(cluster, away);
  console.error(`The node that was away has caught up after ${backSeconds.toFixed(1)} s.`);
  await cluster.kill(other.nodeId, 'SIGTERM');
  const restartedMs = performance.now();
  await cluster.restart(other.nodeId);
  const startSeconds = (performance.now() - restartedMs) / 1000;
  await caughtUp(cluster, other);
  await tell('two started anew', Number.NaN);
  await tell('all taken', await drain(cluster, count, bytes));
  const most = (of: (node: NodeStats) => number, line: Line): number =>
    line.nodes.map(of).reduce((highest, one) => Math.max(highest, one), 0);
  console.log(
    table(
      ['', 'messages/s', 'peak MiB', 'longest turn ms', 'payloads MiB', 'snapshot MiB'],
      lines.map((line) => [
        line.when,
        whole(line.messagesPerSecond),
        whole(most(({ peakBytes }) => peakBytes, line) / mebibyte),
        whole(most(({ longestTurnMs }) => longestTurnMs, line)),
        whole(most(({ payloadBytes }) => payloadBytes, line) / mebibyte),
        whole(most(({ snapshotBytes }) => snapshotBytes, line) / mebibyte),
      ]),
    ),
  );
  console.log(
    `\nA node that was away for ${whole(count - before)} messages had them after ${backSeconds.toFixed(1)} s.`,
  );
  console.log(`A node with all of them started in ${startSeconds.toFixed(1)} s.`);
}

async function bench(): Promise<void> {
  const count = Number(values.messages);
  const bytes = Number(values.bytes);
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-queue-depth-')));
  const cluster = await startLocalCluster({
    ports: await freePorts(3),
    folder,
    environment: { HOLDFAST_LIMITS_MAX_BODY_BYTES: String(mebibyte) },
  });
  try {
    await cluster.leader();
    console.log(`Machine: ${machineLine(describeMachine())}\n`);
    await measure(cluster, count, bytes);
  } finally {
    await cluster.close();
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(help);
else await bench();
