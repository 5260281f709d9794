/** Watch and Observe: what happens, told as it happens and as fast as it is read. */
import type { ObserveBody, WatchBody } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import { observe } from '../watch/observe.ts';
import { openWatch } from '../watch/open.ts';
import { positionText } from '../watch/position.ts';
import type { Watcher } from '../watch/watcher.ts';
import type { StreamCall } from './stream-call.ts';

/** @returns Why it was not begun. */
export async function serveWatch(
  body: WatchBody,
  context: OperationContext,
  stream: StreamCall,
): Promise<Outcome<object>> {
  const watcher = await openWatch(body, context, {
    take: (events) => stream.send({ position: events.at(-1)?.position, events }),
    compacted: (problem) => stream.fail(problem),
  });
  if (watcher instanceof RequestError) return watcher;
  follow(watcher, stream);
  stream.send({ position: positionText(watcher.position), events: [] });
  return {};
}

/** @returns Why it was not begun. */
export async function serveObserve(
  body: ObserveBody,
  context: OperationContext,
  stream: StreamCall,
): Promise<Outcome<object>> {
  const watcher: Outcome<Watcher> = await observe(body, context, {
    take: (changes) => {
      let room = true;
      for (const change of changes) room = stream.send(change);
      return room;
    },
    compacted: (problem) => stream.fail(problem),
  });
  if (watcher instanceof RequestError) return watcher;
  follow(watcher, stream);
  return {};
}

function follow(watcher: Watcher, stream: StreamCall): void {
  stream.onDrain(() => watcher.resume());
  stream.onEnd(() => watcher.close());
}
