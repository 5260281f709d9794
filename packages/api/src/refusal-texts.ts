/**
 * What a refusal of the state machine says to people. The text that the state machine stores with an answer is a part
 * of the replicated state, so it keeps its wording for as long as members of several releases may have to agree; what
 * users read is made here, out of the code and the details.
 *
 * TEXT-1: no text that a user reads has a retired word (scripts/check-words.ts), and each says what to do next.
 */
import type { ErrorCode } from '@holdfast/protocol';
import type { Refusal } from '@holdfast/state';
import { cycleText, endText, holdersText, lookText, numberIn, textIn } from './refusal-details.ts';
import type { Details } from './refusal-details.ts';

type Code = Refusal['code'];

interface Told {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Details;
}

/** Undefined where the details do not tell enough: then it is as stored. */
type Text = (details: Details, stored: string) => string | undefined;

/** What the state machine calls otherwise on the wire: `wait_abandoned` stands in logs and snapshots. */
const wireCodes: Partial<Readonly<Record<Code, ErrorCode>>> = { wait_abandoned: 'wait_cancelled' };

type SameOnTheWire = Exclude<Code, 'wait_abandoned'>;
const isSame = (code: Code): code is SameOnTheWire => wireCodes[code] === undefined;

export const wireCodeOf = (code: Code): ErrorCode =>
  isSame(code) ? code : (wireCodes[code] ?? 'internal');

function waitTimeout(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  if (name === undefined) return undefined;
  if (!('waiter_count' in details))
    return `The wait for barrier "${name}" timed out: not all parties entered. This session has left it. Enter again, with a larger wait_seconds.`;
  const holders = holdersText(details['holders']);
  const why = holders === undefined ? '' : ` It is held by ${holders}.`;
  return `The wait for "${name}" timed out.${why} Retry with a larger wait_seconds, or retry later.`;
}

function waitCancelled(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  if (name === undefined) return undefined;
  const id = details['request_id'];
  const request = id === undefined ? '' : ` of request ${JSON.stringify(id)}`;
  return `The wait${request} for "${name}" was cancelled by its caller; the request will not be executed any more. Use a new request id to ask again.`;
}

function requestForgotten(details: Details): string | undefined {
  const ageMs = numberIn(details, 'age_ms');
  const limitMs = numberIn(details, 'limit_ms');
  if (ageMs !== undefined && limitMs !== undefined)
    return `This request was made ${String(ageMs)} ms ago and may be executed for ${String(limitMs)} ms. This copy of it was not executed. Look up the status of the resource, then ask again with a new request id.`;
  const id = details['request_id'];
  if (id === undefined) return undefined;
  if (details['cancelled'] === false)
    return `It is no longer known whether request ${JSON.stringify(id)} was executed, because the session has had too many requests since. It was not cancelled. Look up the status of the resource, and release what the session holds there.`;
  const through = numberIn(details, 'forgotten_through');
  const which =
    through === undefined ? '' : ` (requests up to ${String(through)} may be forgotten)`;
  return `The response to request ${JSON.stringify(id)} is no longer stored${which}, and the request is not executed again. Look up the status of the resource to see what became of it.`;
}

function deadlock(details: Details): string | undefined {
  const cycle = cycleText(details['members'], numberIn(details, 'member_count'));
  return (
    cycle &&
    `Waiting would cause a deadlock: ${cycle}. The request was not executed. Release what the others wait for first, or acquire several resources in one request or always in the same order.`
  );
}

const ended = (ofWhom: string): string =>
  `More sessions${ofWhom} ended recently than the cluster can remember, which is how it prevents late requests from being executed twice. ` +
  'Nothing was done. Retry in half a minute. Who acquires often needs one session for all holds instead of client_id with ttl_seconds, and a short ttl_seconds for short holds.';
/** Of limits whose stored text says it otherwise. */
const remedies: Readonly<Record<string, string>> = {
  max_remembered_sessions: ended(''),
  max_remembered_bytes: ended(''),
  max_remembered_sessions_per_caller: ended(' of this caller'),
  max_remembered_bytes_per_caller: ended(' of this caller'),
};

function limitExceeded(details: Details, stored: string): string {
  const limit = textIn(details, 'limit');
  const remedy = limit === undefined ? undefined : remedies[limit];
  return remedy === undefined
    ? stored
    : `The limit ${String(limit)} of ${String(details['value'])} is reached. ${remedy}`;
}

function lockDelayed(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  const delayedMs = numberIn(details, 'delayed_for_ms');
  if (name === undefined || delayedMs === undefined) return undefined;
  const seconds = Math.ceil(delayedMs / 100) / 10;
  return `"${name}" is in its lock-delay period for another ${String(seconds)} s, because the session of a holder expired. Wait with wait_seconds, or retry later.`;
}

function lockNotFound(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  return (
    name &&
    `Nobody holds "${name}".${endText(details)} Acquire it again before you use what it protects.`
  );
}

/** Of locks, elections and permits, which differ in what they tell. */
function notHolder(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  if (name === undefined) return undefined;
  if ('leader' in details) {
    const leader = holdersText([details['leader']]);
    const who = leader === undefined ? '' : ` ${leader} leads it.`;
    return `This session does not lead "${name}" with that fence token.${who}${endText(details)} Stop acting as its leader, and campaign again.`;
  }
  const token = numberIn(details, 'fence_token');
  if (token !== undefined) {
    const how =
      details['end_reason'] === undefined
        ? ' They may have been released already.'
        : endText(details);
    return `This session has no permits of "${name}" with fence token ${String(token)}.${how} Acquire permits again before you use what they protect.`;
  }
  const holders = holdersText(details['holders']);
  const who = holders === undefined ? '' : ` It is held by ${holders}.`;
  return `This session does not hold "${name}".${who}${endText(details)} Only its holder can do this. Acquire it again, or use the session that holds it.`;
}

function staleFenceToken(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  const given = numberIn(details, 'fence_token');
  const current = numberIn(details, 'current_fence_token');
  if (name === undefined || given === undefined || current === undefined) return undefined;
  return `Fence token ${String(given)} is not that of the current hold of "${name}", which is ${String(current)}.${endText(details)} Stop using what the old hold protected; use the token that the latest acquire returned.`;
}

function limitMismatch(details: Details, stored: string): string {
  const name = textIn(details, 'resource');
  const parties = numberIn(details, 'parties');
  if (name === undefined || parties === undefined) return stored;
  return `Barrier "${name}" is for ${String(parties)} parties in this round, not ${String(details['given'])}. Use ${String(parties)}, or another name.`;
}

const inQueue =
  (say: (name: string, details: Details) => string): Text =>
  (details) => {
    const name = textIn(details, 'queue');
    return name === undefined ? undefined : say(name, details);
  };

const queueNotFound = inQueue(
  (name) => `There is no queue "${name}". Push a message to it, or configure it, which creates it.`,
);

const queueOrder: Text = (details, stored) => {
  const name = textIn(details, 'queue');
  const messages = numberIn(details, 'messages');
  if (name === undefined || messages === undefined) return stored;
  return `Queue "${name}" has ${String(messages)} messages and dead letters, and its order can change only while it has none. Purge it first, or use another queue.`;
};

/** Why the delivery is over, and what to do then. */
const deliveryOver: Readonly<Record<string, string>> = {
  gone: 'the message was acknowledged or purged, or never existed. Stop processing it, and pop the next message.',
  waiting:
    'the message waits to be delivered again. Stop processing it, and pop again. Use a longer visibility timeout, or extend it in time.',
  in_flight:
    'the message was delivered again. Stop processing it, for another consumer may be doing so. Use a longer visibility timeout, or extend it in time.',
  delayed: 'the message waits for a retry. Stop processing it, and pop again later.',
  dead: 'the message is a dead letter. Stop processing it. Redrive it to have it delivered again.',
};

const staleReceipt = inQueue((name, details) => {
  const over = deliveryOver[textIn(details, 'state') ?? 'gone'] ?? deliveryOver['gone'] ?? '';
  return `Delivery ${String(details['delivery'])} of message ${String(details['message_id'])} of queue "${name}" is over: ${over} Nothing was changed.`;
});

function notElected(details: Details): string | undefined {
  const name = textIn(details, 'resource');
  if (name === undefined) return undefined;
  const leader = holdersText([details['leader']]);
  const who =
    leader === undefined
      ? `${String(details['candidate_count'])} candidates are ahead`
      : `${leader} leads it`;
  return `Election "${name}" was not won: ${who}. Wait with wait_seconds, or retry later.`;
}

/** Of codes whose stored text does not say in standard terms what happened, and what to do next. */
const texts: Partial<Readonly<Record<ErrorCode, Text>>> = {
  wait_timeout: waitTimeout,
  wait_cancelled: waitCancelled,
  request_forgotten: requestForgotten,
  deadlock,
  limit_exceeded: limitExceeded,
  lock_delayed: lockDelayed,
  not_holder: notHolder,
  stale_fence_token: staleFenceToken,
  lock_not_found: lockNotFound,
  limit_mismatch: limitMismatch,
  not_elected: notElected,
  not_entered: lookText(
    'resource',
    (name) => `This session is not inside barrier "${name}". Enter it first.`,
  ),
  queue_not_found: queueNotFound,
  queue_order: queueOrder,
  stale_receipt: staleReceipt,
  key_not_found: lookText(
    'key_id',
    (id) =>
      `There is no key "${id}". It may have been revoked. Look up the ids of the keys with "holdfast auth key list".`,
  ),
};

/** The message of a refusal in standard terms: what happened, and what to do next (TEXT-1). */
export const refusalText = ({ code, message, details = {} }: Told): string =>
  texts[code]?.(details, message) ?? message;
