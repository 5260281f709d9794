/**
 * Answers of nodes, as far as programs are guarded by them.
 *
 * CLIENT-ANSWER-1: what a hold, a session, a delivery or a watch is made of is looked at before it is believed: a hold without a fencing token
 *     would guard nothing, and a session without a timeout would never be lost. An answer that cannot be read is told as an error whose
 *     request may have been executed, so what it may have acquired is cancelled.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { AskedOperation } from './request.ts';

type Fields = Readonly<Record<string, unknown>>;

const isNumber = (value: unknown): boolean => Number.isSafeInteger(value);

const isGrant = ({ fence_token: token }: Fields): boolean => isNumber(token);

/** Whether it is a list of objects, each of which is right. */
const isListOf = (value: unknown, isRight: (fields: Fields) => boolean): boolean =>
  Array.isArray(value) &&
  value.every((one: unknown) => typeof one === 'object' && one !== null && isRight(one as Fields));

const isSession = ({ session_id: id, timeout }: Fields): boolean =>
  typeof id === 'string' && typeof timeout === 'number' && Number.isFinite(timeout) && timeout > 0;

/** A receipt is null where the message was acknowledged with its delivery. */
const isDelivered = ({ id, fence_token: token, receipt }: Fields): boolean =>
  isNumber(id) && isNumber(token) && (receipt === null || typeof receipt === 'string');

const isRead: ReadonlyMap<AskedOperation, (answer: Fields) => boolean> = new Map<
  AskedOperation,
  (answer: Fields) => boolean
>([
  ['create_session', isSession],
  ['acquire', isGrant],
  ['acquire_permits', isGrant],
  ['campaign', isGrant],
  ['acquire_many', ({ holds }) => isListOf(holds, isGrant)],
  ['queue_pop', ({ messages }) => isListOf(messages, isDelivered)],
  ['watch', ({ watch_id: id, position }) => isNumber(id) && typeof position === 'string'],
]);

/** @returns What is wrong with it; undefined: it can be read (CLIENT-ANSWER-1). */
export function problemOfAnswer(
  operation: AskedOperation,
  answer: unknown,
): HoldfastError | undefined {
  const isRight = isRead.get(operation);
  if (isRight === undefined || isRight(answer as Fields)) return undefined;
  return new HoldfastError(
    'internal',
    `The node answered ${operation} with something else than its answer. It may have been executed. Check that only nodes of the cluster answer at the endpoints.`,
  );
}

/** What an answer gives that nobody waits for any more, so that it can be given back. */
interface LateDelivery {
  readonly queue: string;
  readonly receipt: string;
}

/** How long giving back what was answered too late may take. */
export const lateTimeoutMs = 10_000;

/** The deliveries in an answer to a pop; no other answer has receipts. */
export function lateDeliveriesIn(answer: unknown): readonly LateDelivery[] {
  if (typeof answer !== 'object' || answer === null) return [];
  const { queue, messages } = answer as Fields;
  if (typeof queue !== 'string' || !Array.isArray(messages)) return [];
  return messages.flatMap((message: unknown) => {
    if (typeof message !== 'object' || message === null) return [];
    const { receipt } = message as Fields;
    return typeof receipt === 'string' ? [{ queue, receipt }] : [];
  });
}
