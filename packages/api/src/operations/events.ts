/** Events, by pages: the history, and a watch for those who have no stream. */
import type { EventsAnswer, EventsBody, WatchBody, WatchEvent } from '@holdfast/protocol';
import { nodeIdentity } from '@holdfast/state';
import { RequestError } from '../request-error.ts';
import type { Page, Wants } from '../watch/feed.ts';
import { positionText, readPosition } from '../watch/position.ts';
import type { Position } from '../watch/position.ts';
import { toWaitMs, waitTooLong } from './asking.ts';
import type { OperationContext, Outcome } from './context.ts';
import { invalid } from './who.ts';
import type { CountedWait } from './waiting.ts';

const eventsOnAPage = 100;

export async function events(
  body: EventsBody,
  context: OperationContext,
): Promise<Outcome<EventsAnswer>> {
  const { after, limit = eventsOnAPage, wait_seconds = 0 } = body;
  const { feed } = context.service;
  const tooLong = waitTooLong(wait_seconds, context);
  if (tooLong !== undefined) return tooLong;
  const wants = wantsOf(body, context);
  if (after === undefined) {
    const position = positionText(feed.position);
    return { events: feed.latest(wants, limit), position, more: false };
  }
  const from = await startOf(after, context);
  if (from instanceof RequestError) return from;
  let at = from;
  const read = (): Page | 'compacted' => {
    const found = feed.read(at, wants, limit);
    // What was looked at in vain is not looked at again.
    if (found !== 'compacted' && found.events.length === 0) at = found.position;
    return found;
  };
  let page = read();
  if (page !== 'compacted' && page.events.length === 0 && wait_seconds > 0) {
    const problem = await change(context, toWaitMs(wait_seconds), () => {
      page = read();
      return page === 'compacted' || page.events.length > 0;
    });
    if (problem !== undefined) return problem;
  }
  if (page === 'compacted') return compacted(from);
  return { events: page.events, position: positionText(page.position), more: page.more };
}

/** Waits until something came that is wanted, or the time is over. */
function change(
  { service, onWait }: OperationContext,
  waitMs: number,
  found: () => boolean,
): Promise<RequestError | undefined> {
  const { feed, after, endOfTurn, waiting: all } = service;
  return new Promise((resolve) => {
    let over = false;
    const end = (refused: RequestError | undefined): void => {
      over = true;
      unsubscribe();
      cancel();
      all.forget(waiting);
      resolve(refused);
    };
    const waiting: CountedWait = { onStop: () => end(undefined) };
    const cancellation = new AbortController();
    const cancelled = (): void =>
      end(
        new RequestError(
          'wait_cancelled',
          'The wait for events was cancelled by its caller. Ask again to wait for them.',
        ),
      );
    cancellation.signal.addEventListener('abort', cancelled, { once: true });
    let planned = false;
    const unsubscribe = feed.onChange(() => {
      if (planned) return;
      planned = true;
      // A burst of entries is read once.
      endOfTurn(() => {
        planned = false;
        if (!over && found()) end(undefined);
      });
    });
    const cancel = after(waitMs, () => end(undefined));
    if (all.track(waiting)) onWait?.(cancellation);
    else end(undefined);
  });
}

/** What a watch asks for. */
export function wantsOf(
  { prefix, name, kind }: WatchBody,
  { service: { control }, caller }: OperationContext,
): Wants {
  return (event: WatchEvent) =>
    (control?.mayRead(caller, event.kind, event.resource) ?? true) &&
    (kind === undefined || event.kind === kind) &&
    (name === undefined || event.resource === name) &&
    (prefix === undefined || event.resource.startsWith(prefix));
}

/** Where somebody goes on who gives this position. */
export async function startOf(text: string, context: OperationContext): Promise<Outcome<Position>> {
  const position = readPosition(text);
  if (position === undefined)
    return invalid(
      'after',
      `"after" is a position (12-3) or a revision (12), not ${JSON.stringify(text)}. Use the position of an event.`,
    );
  const latest = await latestOf(position, context);
  return position.revision > latest ? futurePosition(text, latest) : position;
}

/** POSITION-2. @returns The latest revision of the cluster where this node has not come to the position yet. */
async function latestOf({ revision }: Position, context: OperationContext): Promise<number> {
  const { engine } = context.service;
  const { appliedIndex } = engine.status();
  if (revision <= appliedIndex) return appliedIndex;
  // No more than a revision is asked for, and by a watch, which is admitted for each event.
  const read = await engine.query({ type: 'stats' }, 'linearizable', { identity: nodeIdentity });
  return read.revision;
}

function futurePosition(text: string, latest: number): RequestError {
  return new RequestError(
    'future_position',
    `The cluster has not reached position ${text}: its latest revision is ${String(latest)}. ` +
      'The position may be of another cluster, or of before a restore. Read the current state, and watch without a position.',
    { after: text, revision: latest },
  );
}

export function compacted(after: Position): RequestError {
  return new RequestError(
    'compacted',
    `Events after ${positionText(after)} were compacted on this node. Read the current state again and watch from now on.`,
    { after: positionText(after) },
  );
}
