/**
 * A command that runs while a majority of independent nodes keeps a lease for it. What stops the command
 * before that can have ended is in run/guarded-command.ts.
 */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';

import type { QuorumHold } from '@holdfast/quorum-client';
import { UsageError } from '../failure.ts';
import { printable, warn } from '../printable.ts';
import type { RunOptions } from '../run/run-options.ts';
import { timesOf } from '../run/run-options.ts';
import { KeptSignals } from '../run/signals.ts';
import { runUnderLease, tellLoss } from '../run/under-lease.ts';
import { untilSignal } from '../until-signal.ts';
import { noMajorityError, twinsText } from './advice.ts';
import { answerWithinMs, explainWithinMs } from './ask-nodes.ts';
import type { LeaseNodeReport, Questions, VoteReport, VoterKind } from './ask-nodes.ts';
import { redisServersOf } from './redis-servers.ts';
import { verdictOf, verdictText } from './verdict.ts';
import { checkName, quorumOf } from './voters.ts';
import type { ChosenQuorum, QuorumCommandOptions } from './voters.ts';

/** As the command line gives them. */
export type QuorumRunOptions = RunOptions & QuorumCommandOptions;

/** Shorter, the ways to the nodes and back are too much of it. */
const shortestTtlMs = 1000;

/**
 * Takes the lock, runs the command under the guard, gives the lock back.
 *
 * @param clientId Shown as the holder.
 * @returns The exit status: that of the command, or one of `exitStatus`.
 * @throws UsageError, HoldfastError when it was not to be had.
 */
export async function runUnderQuorum(
  name: string,
  command: readonly string[],
  clientId: string,
  options: QuorumRunOptions,
): Promise<number> {
  checkName('A lock', name);
  checkName('A holder (--client-id)', clientId);
  const { waitMs, ttlMs, graceMs: wantedGraceMs } = timesOf(options);
  if (ttlMs < shortestTtlMs)
    throw new UsageError(
      `--ttl takes ${String(shortestTtlMs / 1000)} second or more; given: "${options.ttl}".`,
    );
  const chosen = await quorumOf(options, ttlMs, clientId, await redisServersOf(options));
  const graceMs = graceWithin(ttlMs, chosen.driftBufferMs, wantedGraceMs, options.grace);
  const twins = twinsOf(chosen.questions, name);
  let hold: QuorumHold | undefined;
  const stopped = await untilSignal(async (signal) => {
    hold = await take(chosen, name, { waitMs, ttlMs, signal });
  });
  if (hold === undefined || typeof stopped === 'number') {
    if (hold !== undefined) await giveBack(hold);
    return stopped ?? 0;
  }
  // Nobody waits for it, and where nothing was granted the reason tells.
  void twins.then(tellTwins);
  return guard(hold, { name, command, graceMs, kind: chosen.questions.kind });
}

/** A node that is named twice costs a vote silently. */
async function twinsOf(questions: Questions, name: string): Promise<string> {
  // A set of servers finds that out by itself.
  return questions.kind === 'nodes' ? twinsText(await questions.status(name, answerWithinMs)) : '';
}

function tellTwins(twins: string): void {
  if (twins !== '') for (const line of twins.split('\n')) warn(line);
}

/**
 * The lease is renewed each third of its ttl. What is certain then, two thirds less the drift buffer, has to
 * be more than the grace by the time that a round takes: a sixth of the ttl.
 *
 * @param given What --grace says; undefined: what is wanted by default may be cut.
 * @throws UsageError
 */
export function graceWithin(
  ttlMs: number,
  driftBufferMs: number,
  wantedMs: number,
  given: string | undefined,
): number {
  const mostMs = ttlMs / 2 - driftBufferMs;
  if (mostMs <= 0)
    throw new UsageError(
      `--drift-buffer (${String(driftBufferMs / 1000)} s) must be less than half of --ttl (${String(ttlMs / 1000)} s): nothing would be left to work in.`,
    );
  if (given !== undefined && wantedMs > mostMs)
    throw new UsageError(
      `--grace must be at most half of --ttl less --drift-buffer (${String(mostMs / 1000)} s); given: "${given}".`,
    );
  return Math.min(wantedMs, mostMs);
}

async function guard(
  hold: QuorumHold,
  run: {
    readonly name: string;
    readonly command: readonly string[];
    readonly graceMs: number;
    readonly kind: VoterKind;
  },
): Promise<number> {
  const { name, command, graceMs, kind } = run;
  const variables = {
    HOLDFAST_FENCE_TOKEN: String(hold.fenceToken),
    HOLDFAST_LOCK_NAME: name,
  };
  const lease = { signal: hold.signal, validForMs: () => hold.validForMs, graceMs };
  // What ends the command may come again while it is given back.
  using kept = new KeptSignals();
  const { end, status } = await runUnderLease(command, variables, lease);
  if (end?.leaseLost === true)
    return tellLoss(name, `No majority of the ${kind} renewed it: "holdfast quorum status" tells.`);
  await giveBack(hold);
  kept.passToOwnGroup(end);
  return status;
}

/** What the command ended with counts, whatever comes of this. */
async function giveBack(hold: QuorumHold): Promise<void> {
  try {
    await hold.release();
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
}

interface Taking {
  readonly waitMs: number;
  readonly ttlMs: number;
  readonly signal: AbortSignal;
}

async function take(chosen: ChosenQuorum, name: string, taking: Taking): Promise<QuorumHold> {
  const { waitMs, signal } = taking;
  try {
    return await chosen.quorum.lock(name).acquire({ waitMs, signal });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    // Also after a signal, where nobody reads it: what a failed attempt was granted by a few nodes is being
    // given back, and this process ends next. A question behind it is answered when that has arrived.
    const { questions } = chosen;
    const [votes, reports] = await Promise.all([
      questions.votes(name, taking.ttlMs, explainWithinMs),
      questions.status(name, explainWithinMs),
    ]);
    if (error.code !== 'cancelled')
      throw withReasons(error, name, questions, { waitMs, votes, reports });
    throw error;
  }
}

/** To the client a node that refuses is as silent as one that is down; to people it is not. */
function withReasons(
  error: HoldfastError,
  name: string,
  questions: Questions,
  told: {
    readonly waitMs: number;
    readonly votes: readonly VoteReport[];
    readonly reports: readonly LeaseNodeReport[];
  },
): HoldfastError {
  const { details } = error;
  const { waitMs, votes, reports } = told;
  const noMajority = noMajorityError(name, questions.kind, votes, reports, error);
  if (noMajority !== undefined) return noMajority;
  if (errorDefinitions[error.code].retry === 'never') return error;
  const verdict = verdictOf(reports);
  if (verdict.type === 'free')
    return new HoldfastError(error.code, `${error.message} It is free by now.`, details);
  // Where a node is down, one that says no is enough for the client to stop listening.
  const busy = waitMs > 0 ? 'wait_timeout' : 'lock_held';
  const heldCode = verdict.type === 'held' ? busy : error.code;
  const message = printable(verdictText(name, verdict, questions));
  return new HoldfastError(heldCode, message, details, { cause: error });
}
