/**
 * The probing client: takes and gives back one lock of its own without a pause, and tells the longest acquire and
 * the longest time without a grant since it was last asked.
 */
import { openBuild } from './build.ts';
import { readClientPlan } from './plan.ts';
import type { ProbeResult } from './plan.ts';
import { answerRequests } from './requests.ts';

const sessionTimeoutSeconds = 60;
const longestWaitMs = 10_000;
const afterErrorMs = 10;

const plan = readClientPlan(process.argv[2]);
const { connect } = await openBuild(plan.checkout);
const client = await connect({ endpoints: plan.endpoints });
let session = await client.session({ timeoutSeconds: sessionTimeoutSeconds });

let cycles = 0;
let errors = 0;
let longestAcquireMs = 0;
let longestSilenceMs = 0;
let grantedMs = performance.now();
let askedMs: number | undefined;

async function work(): Promise<void> {
  for (;;) {
    try {
      const startMs = performance.now();
      askedMs = startMs;
      const hold = await session.lock('probe/one', { waitMs: longestWaitMs });
      const nowMs = performance.now();
      longestAcquireMs = Math.max(longestAcquireMs, nowMs - startMs);
      askedMs = undefined;
      longestSilenceMs = Math.max(longestSilenceMs, nowMs - grantedMs);
      grantedMs = nowMs;
      await hold.release();
      cycles += 1;
    } catch {
      errors += 1;
      if (session.state !== 'active') await newSession();
      await new Promise((resolve) => setTimeout(resolve, afterErrorMs));
    }
  }
}

async function newSession(): Promise<void> {
  try {
    session = await client.session({ timeoutSeconds: sessionTimeoutSeconds });
  } catch {
    // The next failure of an acquire comes back here.
  }
}

function look(): ProbeResult {
  const nowMs = performance.now();
  return {
    cycles,
    errors,
    longestAcquireMs: Math.max(longestAcquireMs, nowMs - (askedMs ?? nowMs)),
    longestSilenceMs: Math.max(longestSilenceMs, nowMs - grantedMs),
  };
}

function take(): ProbeResult {
  const result = look();
  cycles = 0;
  errors = 0;
  longestAcquireMs = 0;
  longestSilenceMs = 0;
  return result;
}

answerRequests({
  look: () => Promise.resolve(look()),
  take: () => Promise.resolve(take()),
});
await work();
