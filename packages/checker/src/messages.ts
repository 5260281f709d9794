/**
 * Whether what producers and consumers of one queue saw can have happened. All times are of one monotonic clock; between
 * asking and being told, the queue acted at a moment that nobody saw, so only what is certain counts against it.
 *
 * MSG-1: messages of a key are delivered in the order of their push, one at a time: none is delivered before those
 *     pushed ahead of it have been acknowledged. Inside one request that order is certain also where it was not answered.
 * MSG-2: a message is not delivered again while the visibility of its delivery stands, as it was last extended, unless it was given
 *     back.
 * MSG-3: a message whose acknowledgement was answered is delivered no more.
 * MSG-4: a push that was answered, or whose message was delivered, is not lost: at the end its message has been acknowledged, by one
 *     that was not refused.
 * MSG-5: of two deliveries of a key the later one has the larger fence token.
 * MSG-6: nothing is delivered that was not pushed, and nothing pushed once is delivered as two messages.
 * MSG-7: what a consumer sends is refused only when the visibility of its delivery may be over, or after the delivery was given back.
 * MSG-8: of messages that are pushed by one request, of whatever keys, all come, or none does.
 */

export interface Push {
  readonly type: 'push';
  readonly key: string;
  /** Of the pusher's: the next one of a key is pushed when this one was answered, or by the same request. */
  readonly number: number;
  /** The same for all that one request pushed. */
  readonly request: string;
  readonly askedMs: number;
  /** Undefined: it was not answered, or with an error that leaves open whether it was done. */
  readonly answeredMs: number | undefined;
}

export interface TakenMessage {
  readonly type: 'taken';
  readonly id: number;
  readonly key: string;
  readonly number: number;
  readonly fenceToken: number;
  readonly visibilityMs: number;
  readonly askedMs: number;
  readonly toldMs: number;
}

/** An acknowledgement, or a delivery given back. */
export interface SettledMessage {
  readonly type: 'acknowledged' | 'returned';
  readonly id: number;
  readonly fenceToken: number;
  readonly askedMs: number;
  /** `refused`: the receipt was stale, and no earlier attempt can have done it. `unknown`: it may have been done. */
  readonly outcome: 'done' | 'refused' | 'unknown';
  /** Undefined: not known. */
  readonly answeredMs?: number;
}

/** More time for a delivery, at least as much as it had. */
export interface ExtendedMessage extends Omit<SettledMessage, 'type'> {
  readonly type: 'extended';
  /** From when it was done. */
  readonly visibilityMs: number;
}

export type MessageEvent = Push | TakenMessage | SettledMessage | ExtendedMessage;
type Sent = SettledMessage | ExtendedMessage;

export interface MessageVerdict {
  readonly violations: readonly string[];
  readonly pushed: number;
  readonly deliveries: number;
  readonly redeliveries: number;
}

/** Clocks of two machines may run so much apart, as a part of what they measure. */
const drift = 0.01;

/** @param isDrained Whether the queue was emptied before the end (MSG-4). */
export function judgeMessages(
  history: readonly MessageEvent[],
  isDrained: boolean,
): MessageVerdict {
  const violations: string[] = [];
  const pushes = history.filter((event) => event.type === 'push');
  const takens = history.filter((event) => event.type === 'taken');
  const sent = history.filter((event): event is Sent => 'outcome' in event);
  const settled = sent.filter((event) => event.type !== 'extended');
  const byMessage = Map.groupBy(takens, ({ id }) => id);
  const byKey = Map.groupBy(takens, ({ key }) => key);
  const settledById = Map.groupBy(settled, ({ id }) => id);
  const sentById = Map.groupBy(sent, ({ id }) => id);
  for (const [id, all] of byMessage)
    judgeMessage(all.toSorted(byToken), sentById.get(id) ?? [], violations);
  for (const [key, all] of byKey) {
    const ofKey = pushes.filter((push) => push.key === key);
    judgeKey(ofKey, all.toSorted(byToken), settledById, violations);
  }
  for (const [key, ofKey] of Map.groupBy(pushes, (push) => push.key))
    if (isDrained) judgeLoss(key, ofKey, byKey.get(key) ?? [], settledById, violations);
  if (isDrained) judgeTogether(pushes, takens, violations);
  const redeliveries = takens.length - byMessage.size;
  return { violations, pushed: pushes.length, deliveries: takens.length, redeliveries };
}

const byToken = (a: TakenMessage, b: TakenMessage): number => a.fenceToken - b.fenceToken;
const nameOf = ({ key, number, fenceToken }: TakenMessage): string =>
  `message ${String(number)} of key "${key}" under token ${String(fenceToken)}`;

function judgeMessage(
  deliveries: readonly TakenMessage[],
  sent: readonly Sent[],
  violations: string[],
): void {
  for (const [at, taken] of deliveries.entries()) {
    const next = deliveries[at + 1];
    const mine = sent.filter(({ fenceToken }) => fenceToken === taken.fenceToken);
    judgeRefusals(taken, mine, violations);
    if (next === undefined) continue;
    if (mine.some(({ type, outcome }) => type === 'acknowledged' && outcome === 'done'))
      violations.push(`MSG-3: ${nameOf(next)} was delivered after its acknowledgement.`);
    const endsMs = endOf(taken, mine);
    if (!wasReturned(mine) && next.toldMs < endsMs)
      violations.push(
        `MSG-2: ${nameOf(next)} was delivered ${String(Math.round(next.toldMs - taken.askedMs))} ms after the delivery before, which had ${String(Math.round(endsMs - taken.askedMs))} ms.`,
      );
  }
}

const wasReturned = (sent: readonly Sent[]): boolean =>
  sent.some(({ type, outcome }) => type === 'returned' && outcome !== 'refused');

/** Until when the visibility of a delivery stands for certain. @param sent About it, in the order in which it was asked for. */
function endOf({ askedMs, visibilityMs }: TakenMessage, sent: readonly Sent[]): number {
  let endsMs = askedMs + visibilityMs * (1 - drift);
  for (const one of sent)
    if (one.type === 'extended' && one.outcome === 'done')
      endsMs = Math.max(endsMs, one.askedMs + one.visibilityMs * (1 - drift));
  return endsMs;
}

function judgeRefusals(taken: TakenMessage, sent: readonly Sent[], violations: string[]): void {
  if (wasReturned(sent)) return;
  for (const [at, { outcome, answeredMs }] of sent.entries())
    // What was extended afterwards was not over.
    if (outcome === 'refused' && (answeredMs ?? Infinity) < endOf(taken, sent.slice(0, at)))
      violations.push(
        `MSG-7: ${nameOf(taken)} was refused ${String(Math.round((answeredMs ?? 0) - taken.askedMs))} ms after it was taken, for ${String(taken.visibilityMs)} ms.`,
      );
}

/** MSG-8. */
function judgeTogether(
  pushes: readonly Push[],
  deliveries: readonly TakenMessage[],
  violations: string[],
): void {
  const numbered = ({ key, number }: Push | TakenMessage): string =>
    `${String(number)} of key "${key}"`;
  const delivered = new Set(deliveries.map(numbered));
  for (const together of Map.groupBy(pushes, ({ request }) => request).values()) {
    const names = together.map(numbered);
    const missing = names.filter((name) => !delivered.has(name));
    if (missing.length > 0 && missing.length < names.length)
      violations.push(
        `MSG-8: of messages that were pushed together (${names.join(', ')}) these did not come: ${missing.join(', ')}.`,
      );
  }
}

function judgeKey(
  pushes: readonly Push[],
  deliveries: readonly TakenMessage[],
  settledById: ReadonlyMap<number, readonly SettledMessage[]>,
  violations: string[],
): void {
  const numbers = new Map(pushes.map((push) => [push.number, push]));
  const idOf = new Map<number, number>();
  /** When it may have been acknowledged, at the earliest. */
  const doneFromMs = new Map<number, number>();
  for (const taken of deliveries) {
    if (!numbers.has(taken.number)) violations.push(`MSG-6: ${nameOf(taken)} was never pushed.`);
    const known = idOf.get(taken.number);
    if (known !== undefined && known !== taken.id)
      violations.push(
        `MSG-6: ${nameOf(taken)} is there as ${String(known)} and ${String(taken.id)}.`,
      );
    idOf.set(taken.number, taken.id);
    for (const { type, outcome, askedMs } of settledById.get(taken.id) ?? [])
      if (type === 'acknowledged' && outcome !== 'refused')
        doneFromMs.set(taken.number, Math.min(doneFromMs.get(taken.number) ?? Infinity, askedMs));
  }
  for (const [at, taken] of deliveries.entries()) {
    const together = numbers.get(taken.number)?.request;
    const before = pushes.filter(
      ({ number, answeredMs, request }) =>
        number < taken.number && (answeredMs !== undefined || request === together),
    );
    for (const { number } of before)
      if ((doneFromMs.get(number) ?? Infinity) > taken.toldMs)
        violations.push(
          `MSG-1: ${nameOf(taken)} was delivered before message ${String(number)} was acknowledged.`,
        );
    const later = deliveries.slice(at + 1).find((other) => other.toldMs < taken.askedMs);
    if (later !== undefined)
      violations.push(`MSG-5: ${nameOf(taken)} was delivered after ${nameOf(later)}.`);
  }
}

function judgeLoss(
  key: string,
  pushes: readonly Push[],
  deliveries: readonly TakenMessage[],
  settledById: ReadonlyMap<number, readonly SettledMessage[]>,
  violations: string[],
): void {
  const acknowledged = new Set(
    deliveries
      .filter(({ id }) =>
        (settledById.get(id) ?? []).some(
          ({ type, outcome }) => type === 'acknowledged' && outcome !== 'refused',
        ),
      )
      .map(({ number }) => number),
  );
  const delivered = new Set(deliveries.map(({ number }) => number));
  for (const { number, answeredMs } of pushes)
    if ((answeredMs !== undefined || delivered.has(number)) && !acknowledged.has(number))
      violations.push(`MSG-4: message ${String(number)} of key "${key}" is lost.`);
}
