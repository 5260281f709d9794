/**
 * `make bench-queue-depth`: a deep queue on three node processes. Messages are pushed and stay; what each node takes in memory and
 * on its disk, and its longest turn of the event loop, are told on the way. Then one node is stopped until its log
 * is behind a snapshot, and comes back; another one is started anew; messages are taken, and each is compared
 * with what was pushed. At the end it is told whether the goals are met: less than 1 GiB of memory for a node, and no turn
 * above 50 ms. Exit status 1 where a goal is missed, where a message is missing or differs, or time or disk do not suffice; 2 where
 * an option is wrong.
 */
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { startLocalCluster } from '@holdfast/server';
import type { LocalCluster, LocalNode } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { table, whole } from '../statistics/table.ts';
import { ask, statsOf, TurnWatch } from './nodes.ts';
import type { NodeStats } from './nodes.ts';
import { payloadOf } from './payload.ts';
import { ToldProgress } from './told-progress.ts';
import { leaderUrl, pushFromProcess, queue } from './pushing.ts';

const help = `Usage: npm run bench:queue-depth -- [OPTION]…

  --messages N   that are pushed (100,000)
  --bytes N      of each payload (10,240)
  --keys N       different keys (as many as messages)
  --take N       messages that are taken and compared at the end (all)
  --minutes N    it ends with an error after so long (60)
  --settle N     seconds of rest after nodes have started (61): a node tells the longest turn of its last minute
  --folder PATH  where nodes keep their data (a new folder for temporary files)
`;
const { values } = readFlags({
  options: {
    messages: { type: 'string', default: '100000' },
    bytes: { type: 'string', default: '10240' },
    keys: { type: 'string' },
    take: { type: 'string' },
    minutes: { type: 'string', default: '60' },
    settle: { type: 'string', default: '61' },
    folder: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const mebibyte = 1024 * 1024;
const atOnce = 4;
const reportedParts = 5;
/** Of the messages, while one node is away. */
const awayShare = 0.2;
const emptyPauseMs = 500;
/** Longer than any run: what is taken comes again only where its answer was lost. */
const visibilitySeconds = 7200;
/** Of a payload, on all disks together: three nodes, their logs, and files that are being made smaller. */
const copies = 4;
const goals = { memoryBytes: 1024 * mebibyte, turnMs: 50 };

interface Plan {
  readonly count: number;
  readonly bytes: number;
  readonly keys: number;
  readonly take: number;
  readonly settleMs: number;
  readonly endsMs: number;
}

function numberOf(name: string, text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  console.error(`--${name} is a whole number from 1 to ${String(most)}, not "${text}".`);
  process.exit(2);
}

function readPlan(): Plan {
  const count = numberOf('messages', values.messages, 10_000_000);
  return {
    count,
    bytes: numberOf('bytes', values.bytes, 65_536),
    keys: numberOf('keys', values.keys ?? String(count), count),
    take: numberOf('take', values.take ?? String(count), count),
    settleMs: 1000 * numberOf('settle', values.settle, 3600),
    endsMs: performance.now() + 60_000 * numberOf('minutes', values.minutes, 1440),
  };
}

function assertInTime({ endsMs }: Plan): void {
  if (performance.now() > endsMs) throw new Error('It took longer than --minutes allows.');
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Line {
  readonly when: string;
  readonly messagesPerSecond: number;
  readonly longestTurnMs: number;
  /** Nodes have started meanwhile, whose first turns are none of the load. */
  readonly hasStarts: boolean;
  readonly nodes: readonly NodeStats[];
}

async function lineOf(
  cluster: LocalCluster,
  turns: TurnWatch,
  when: string,
  messagesPerSecond: number,
): Promise<Line> {
  const running = cluster.nodes.filter(({ pid }) => pid !== undefined);
  const longestTurnMs = await turns.takeMs();
  const nodes = await Promise.all(running.map(statsOf));
  const hasStarts = Number.isNaN(messagesPerSecond);
  return { when, messagesPerSecond, longestTurnMs, hasStarts, nodes };
}

interface Taken {
  readonly messages: readonly { readonly payload: string }[];
}

/** Takes and compares so many of them. Returns messages a second. */
async function drain(cluster: LocalCluster, plan: Plan): Promise<number> {
  const { count, bytes, keys, take } = plan;
  const startedMs = performance.now();
  const seen = new Set<number>();
  const progress = new ToldProgress('taken', take);
  // Where messages share a key the next one is delivered when the one before is acknowledged.
  const visibility = keys < count ? '' : `&visibility_seconds=${String(visibilitySeconds)}`;
  const work = async (): Promise<void> => {
    let url = await leaderUrl(cluster);
    while (seen.size < take) {
      assertInTime(plan);
      progress.tell(seen.size);
      const answer = (await ask(url, `/queue/pop?queue=${queue}&count=40${visibility}`)) as
        Taken | undefined;
      if (answer === undefined) {
        url = await leaderUrl(cluster);
        continue;
      }
      if (answer.messages.length === 0) {
        if (visibility === '') break;
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
  if (seen.size < take)
    throw new Error(`${String(take)} messages were to be taken, and ${String(seen.size)} came.`);
  return (1000 * seen.size) / (performance.now() - startedMs);
}

/** Returns how long it took, in seconds. */
async function caughtUp(cluster: LocalCluster, { url }: LocalNode, plan: Plan): Promise<number> {
  const startedMs = performance.now();
  const applied = async (of: string): Promise<number> => {
    const status = await ask(of, '/cluster/status').catch(() => undefined);
    return typeof status === 'object' && status !== null && 'applied_index' in status
      ? Number(status.applied_index)
      : 0;
  };
  const wanted = await applied(await leaderUrl(cluster));
  while ((await applied(url)) < wanted) {
    assertInTime(plan);
    await pause(200);
  }
  return (performance.now() - startedMs) / 1000;
}

/** Returns whether the goals were met. */
async function measure(cluster: LocalCluster, turns: TurnWatch, plan: Plan): Promise<boolean> {
  const { count, take, settleMs } = plan;
  const lines: Line[] = [];
  await pause(settleMs);
  await turns.takeMs();
  const tell = async (when: string, messagesPerSecond: number): Promise<void> => {
    const line = await lineOf(cluster, turns, when, messagesPerSecond);
    console.error(toldOf(line)); // At once: a run takes long, and may end early.
    lines.push(line);
  };
  const { bytes, keys, endsMs } = plan;
  const endsAtMs = Date.now() + endsMs - performance.now();
  const push = (from: number, through: number): Promise<number> => {
    const urls = cluster.nodes.map(({ url }) => url);
    return pushFromProcess({ urls, from, through, bytes, keys, endsAtMs });
  };
  const before = Math.round(count * (1 - awayShare));
  for (let part = 0; part < reportedParts; part++) {
    const from = Math.round((part * before) / reportedParts) + 1;
    const through = Math.round(((part + 1) * before) / reportedParts);
    await tell(`${whole(through)} pushed`, await push(from, through));
  }
  const leader = await cluster.leader();
  const [away, other] = cluster.nodes.filter(({ nodeId }) => nodeId !== leader);
  if (away === undefined || other === undefined) throw new Error('There are no followers.');
  await cluster.kill(away.nodeId, 'SIGKILL');
  await tell(`${whole(count)} pushed, one away`, await push(before + 1, count));
  await cluster.restart(away.nodeId);
  const backSeconds = await caughtUp(cluster, away, plan);
  console.error(`The node that was away has caught up after ${backSeconds.toFixed(1)} s.`);
  await cluster.kill(other.nodeId, 'SIGTERM');
  const restartedMs = performance.now();
  await cluster.restart(other.nodeId);
  const startSeconds = (performance.now() - restartedMs) / 1000;
  await caughtUp(cluster, other, plan);
  await pause(settleMs);
  await tell('two started anew', Number.NaN);
  await tell(`${take === count ? 'all' : whole(take)} taken`, await drain(cluster, plan));
  const areMet = report(lines);
  console.log(
    `\nA node that was away for ${whole(count - before)} messages had them after ${backSeconds.toFixed(1)} s.`,
  );
  console.log(`A node with all of them started in ${startSeconds.toFixed(1)} s.`);
  return areMet;
}

const most = (of: (node: NodeStats) => number, { nodes }: Pick<Line, 'nodes'>): number =>
  nodes.map(of).reduce((highest, one) => Math.max(highest, one), 0);
const peakOf = ({ peakBytes }: NodeStats): number => peakBytes;

function toldOf(line: Line): string {
  const { when, messagesPerSecond, longestTurnMs } = line;
  const rate = Number.isNaN(messagesPerSecond)
    ? ''
    : `${whole(messagesPerSecond)} messages a second, `;
  return `${when}: ${rate}peak of a node ${whole(most(peakOf, line) / mebibyte)} MiB, longest turn ${whole(longestTurnMs)} ms.`;
}

/** Returns whether the goals were met. */
function report(lines: readonly Line[]): boolean {
  console.log(
    table(
      ['', 'messages/s', 'peak MiB', 'longest turn ms', 'payloads MiB', 'snapshot MiB'],
      lines.map((line) => [
        line.when,
        whole(line.messagesPerSecond),
        whole(most(peakOf, line) / mebibyte),
        whole(line.longestTurnMs),
        whole(most(({ payloadBytes }) => payloadBytes, line) / mebibyte),
        whole(most(({ snapshotBytes }) => snapshotBytes, line) / mebibyte),
      ]),
    ),
  );
  let areMet = true;
  const verdict = (value: number, goal: number): string => {
    // What could not be measured is no number, and was not met.
    if (value <= goal) return 'met';
    areMet = false;
    return 'missed';
  };
  const peakBytes = most(peakOf, { nodes: lines.flatMap(({ nodes }) => nodes) });
  const turnMs = lines
    .filter(({ hasStarts }) => !hasStarts)
    .reduce((longest, line) => Math.max(longest, line.longestTurnMs), 0);
  console.log(
    `\nGoals: memory of a node at most ${whole(goals.memoryBytes / mebibyte)} MiB: ${verdict(peakBytes, goals.memoryBytes)} (${whole(peakBytes / mebibyte)}). ` +
      `No turn under load above ${String(goals.turnMs)} ms: ${verdict(turnMs, goals.turnMs)} (${whole(turnMs)}).`,
  );
  return areMet;
}

/** @throws Error */
async function assertRoom(folder: string, { count, bytes }: Plan): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = copies * count * bytes;
  if (bavail * bsize >= needed) return;
  throw new Error(
    `${folder} has ${whole((bavail * bsize) / mebibyte)} MiB free; ${whole(needed / mebibyte)} are needed. Give another --folder, or fewer --messages.`,
  );
}

async function bench(): Promise<void> {
  const plan = readPlan();
  if (values.folder !== undefined) await mkdir(values.folder, { recursive: true });
  await assertRoom(values.folder ?? tmpdir(), plan);
  const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-queue-depth-')));
  const cluster = await startLocalCluster({
    ports: await freePorts(3),
    folder,
    environment: {
      HOLDFAST_LIMITS_MAX_BODY_BYTES: String(mebibyte),
      HOLDFAST_LIMITS_MAX_MESSAGES_PER_QUEUE: String(plan.count),
      HOLDFAST_LIMITS_MAX_DEDUP_IDS: String(plan.count),
    },
  });
  const turns = new TurnWatch(cluster);
  try {
    await cluster.leader();
    console.log(`Machine: ${machineLine(describeMachine())}\n`);
    if (!(await measure(cluster, turns, plan))) process.exitCode = 1;
  } finally {
    turns.stop();
    await cluster.close();
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}

if (values.help) console.log(help);
else await bench();
