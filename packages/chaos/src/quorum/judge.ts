/**
 * Judges what the clients believed.
 *
 * JUDGE-1: at no instant do two of them hold one lock, in true time.
 * JUDGE-2: tokens of one lock strictly increase, in the order in which it was held.
 * JUDGE-3: a resource that checks tokens never refuses one who holds.
 * JUDGE-4: who was paused past its lease is told `hold_lost` at once.
 *
 * Beside these, the checker judges the same as a history of a lock (its MODEL-LOCK-1 and MODEL-LOCK-2): a hold that was given
 * back ends between the asking and the answer; one that was lost, or whose release was not heard, at some
 * time after its validity ended. Attempts that were refused say nothing, nor do those of which nobody was
 * told: several clients may spoil each other's vote.
 */
import type { LockOperation } from '@holdfast/checker';
import type { HoldRecord } from './hold-log.ts';
import { ttlMs } from './terms.ts';

/** Of each kind, so that the first ones can be read. */
const mostTold = 5;

type Granted = HoldRecord & { readonly granted: NonNullable<HoldRecord['granted']> };

interface Believed {
  readonly client: string;
  readonly lock: string;
  readonly token: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

const isGranted = (record: HoldRecord): record is Granted => record.granted !== undefined;

export function historyOf(records: readonly HoldRecord[]): LockOperation[] {
  return records.filter(isGranted).flatMap((record) => [acquireOf(record), endOf(record)]);
}

function acquireOf({ client, hold, lock, askedAtMs, granted }: Granted): LockOperation {
  return {
    client,
    call: { type: 'acquire', lock, session: hold, mode: 'exclusive', wait: true },
    calledAtMs: askedAtMs,
    outcome: {
      type: 'answered',
      answer: { type: 'granted', token: granted.token },
      atMs: granted.atMs,
    },
  };
}

function endOf({ client, hold, lock, askedAtMs, granted, ...ending }: Granted): LockOperation {
  const { releasingAtMs = Infinity, releasedAtMs } = ending;
  // One that had run out before it was told of may have ended at any time since it was asked for.
  const { untilMs = askedAtMs, token } = granted;
  const givenBack = releasingAtMs < untilMs;
  if (givenBack && releasedAtMs !== undefined)
    return {
      client,
      call: { type: 'release', lock, session: hold, token },
      calledAtMs: releasingAtMs,
      outcome: { type: 'answered', answer: { type: 'released' }, atMs: releasedAtMs },
    };
  return {
    client,
    call: { type: 'end', lock, session: hold },
    calledAtMs: givenBack ? releasingAtMs : untilMs,
    outcome: { type: 'unknown' },
  };
}

/** @returns What was broken, in words. */
export function brokenPromises(records: readonly HoldRecord[]): string[] {
  const granted = records.filter(isGranted);
  return [
    ...[...Map.groupBy(believedOf(granted), ({ lock }) => lock).values()].flatMap((holds) => [
      ...overlaps(holds).slice(0, mostTold),
      ...tokensOutOfOrder(holds).slice(0, mostTold),
    ]),
    ...granted.flatMap(refusedHolders).slice(0, mostTold),
    ...granted.flatMap(believers).slice(0, mostTold),
  ];
}

/** In the order in which they were held; without those that had run out before they were told of. */
function believedOf(granted: readonly Granted[]): Believed[] {
  return granted
    .flatMap(({ client, lock, granted: { token, atMs, untilMs }, releasingAtMs = Infinity }) =>
      untilMs === undefined
        ? []
        : [{ client, lock, token, fromMs: atMs, untilMs: Math.min(untilMs, releasingAtMs) }],
    )
    .toSorted((left, right) => left.fromMs - right.fromMs);
}

/** JUDGE-1. */
function overlaps(holds: readonly Believed[]): string[] {
  const found: string[] = [];
  let longest: Believed | undefined;
  for (const hold of holds) {
    if (longest !== undefined && hold.fromMs < longest.untilMs)
      found.push(
        `${named(longest)} until ${longest.untilMs.toFixed(1)} ms and ${named(hold)} from ${hold.fromMs.toFixed(1)} ms both held "${hold.lock}"`,
      );
    if (longest === undefined || hold.untilMs > longest.untilMs) longest = hold;
  }
  return found;
}

/** JUDGE-2. */
function tokensOutOfOrder(holds: readonly Believed[]): string[] {
  return holds.flatMap((hold, index) => {
    const before = holds[index - 1];
    return before === undefined || hold.token > before.token
      ? []
      : [`"${hold.lock}" was held by ${named(before)} and then by ${named(hold)}`];
  });
}

const named = ({ client, token }: Believed): string => `${client} (token ${String(token)})`;

/** JUDGE-3. */
function refusedHolders({ client, lock, granted, writes }: Granted): string[] {
  return writes.some(({ accepted, held }) => held && !accepted)
    ? [`${client} held "${lock}" with token ${String(granted.token)}, and its write was refused`]
    : [];
}

/** JUDGE-4. */
function believers({ client, lock, awakenings }: Granted): string[] {
  return awakenings
    .filter(({ pausedMs, code }) => pausedMs >= ttlMs && code !== 'hold_lost')
    .map(
      ({ pausedMs, code }) =>
        `${client} was paused for ${pausedMs.toFixed(0)} ms and was told "${String(code)}" of its hold of "${lock}"`,
    );
}

export interface Waits {
  readonly medianMs: number;
  readonly longestMs: number;
}

/** How long after each heal until each client held one of these locks that all want. */
export function waitsAfter(
  healsAtMs: readonly number[],
  records: readonly HoldRecord[],
  locks: readonly string[],
): Waits {
  const wanted = records.filter(isGranted).filter(({ lock }) => locks.includes(lock));
  const byName = Map.groupBy(wanted, ({ client }) => client.split('.')[0] ?? client);
  const waits = healsAtMs.flatMap((healedAtMs) =>
    [...byName.values()].flatMap((holds) => {
      const next = holds
        .map(({ granted }) => granted.atMs)
        .filter((atMs) => atMs > healedAtMs)
        .reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
      return Number.isFinite(next) ? [next - healedAtMs] : [];
    }),
  );
  const sorted = waits.toSorted((left, right) => left - right);
  return { medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0, longestMs: sorted.at(-1) ?? 0 };
}
