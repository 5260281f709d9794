/**
 * The loading client: a process whose sessions hold the locks that make the state large. Its priority is below that of the nodes: clients of a
 * cluster run on other machines, and take no processor from it.
 */
import { constants, setPriority } from 'node:os';
import type { Hold, Session } from '@holdfast/client';
import { openBuild } from './build.ts';
import { readClientPlan } from './plan.ts';
import type { HoldCount, LoadRequest, SampleResult } from './plan.ts';
import { answerRequests } from './requests.ts';

const sessionTimeoutSeconds = 300;
/** Of each session: enough to keep the cluster's batches full, far below what a session may have. */
const inFlight = 16;
const acquireWaitMs = 30_000;
/** After a failover the client may be busy with the comparison of its holds. */
const lookTimeoutMs = 120_000;

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
const plan = readClientPlan(process.argv[2]);
const { connect } = await openBuild(plan.checkout);
const client = await connect({ endpoints: plan.endpoints, clientId: 'state-bench' });

interface Loaded {
  readonly session: Session;
  readonly holds: Hold[];
}
const loaded = new Map<string, Loaded>();

async function load(name: string, locks: number): Promise<void> {
  const session = await client.session({ timeoutSeconds: sessionTimeoutSeconds });
  const holds: Hold[] = [];
  loaded.set(name, { session, holds });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < locks) {
      const number = next++;
      holds.push(
        await session.lock(`state/${name}/${String(number).padStart(7, '0')}`, {
          waitMs: acquireWaitMs,
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** Takes and gives back locks until it has done so often: writes log without a change of the state. */
async function churn(cycles: number): Promise<void> {
  const session = await client.session({ timeoutSeconds: sessionTimeoutSeconds });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cycles) {
      const number = next++;
      const hold = await session.lock(`churn/${String(number % 1000)}`, { waitMs: acquireWaitMs });
      await hold.release();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  await session.end();
}

function count(): HoldCount {
  let holds = 0;
  let held = 0;
  let sessionsActive = 0;
  for (const one of loaded.values()) {
    if (one.session.state === 'active') sessionsActive += 1;
    holds += one.holds.length;
    for (const hold of one.holds) if (hold.isHeld()) held += 1;
  }
  return { sessions: loaded.size, sessionsActive, holds, held };
}

/** Of every session the first, the last and some between. */
async function sample(ofEach: number): Promise<SampleResult> {
  let looked = 0;
  let wrong = 0;
  for (const { session, holds } of loaded.values()) {
    const step = Math.max(1, Math.floor(holds.length / ofEach));
    for (let at = 0; at < holds.length; at += step) {
      const hold = holds[at];
      if (hold === undefined) continue;
      const { holders } = await client.call(
        'lock_status',
        { name: hold.name },
        { timeoutMs: lookTimeoutMs },
      );
      const stands = holders.some(
        (holder) => holder.session_id === session.id && holder.fence_token === hold.fenceToken,
      );
      looked += 1;
      if (!stands) wrong += 1;
    }
  }
  return { looked, wrong };
}

/** @returns how many locks it held. */
async function end(name: string): Promise<number> {
  const one = loaded.get(name);
  if (one === undefined) throw new Error(`there is no session "${name}"`);
  loaded.delete(name);
  await one.session.end();
  return one.holds.length;
}

answerRequests({
  load: async (argument) => {
    if (!isLoadRequest(argument)) throw new Error('this says not what is to be loaded');
    await load(argument.session, argument.locks);
  },
  churn: (cycles) => churn(Number(cycles)),
  count: () => Promise.resolve(count()),
  sample: (ofEach) => sample(Number(ofEach)),
  end: (name) => end(String(name)),
  progress: () => {
    let holds = 0;
    for (const one of loaded.values()) holds += one.holds.length;
    return Promise.resolve(holds);
  },
});

const isLoadRequest = (value: unknown): value is LoadRequest =>
  typeof value === 'object' &&
  value !== null &&
  'session' in value &&
  typeof value.session === 'string' &&
  'locks' in value &&
  typeof value.locks === 'number';
