/** Watch and Observe: what happens, told as it happens and as fast as it is read. */
import type { ObserveBody, WatchBody } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { Refused } from '../refused.ts';
import { observeBody, watchBody } from '../schemas/events.ts';
import { compileCheck, toJsonSchema } from '../validation/compile.ts';
import { observe } from '../watch/observe.ts';
import { openWatch } from '../watch/open.ts';
import { positionText } from '../watch/position.ts';
import type { Watcher } from '../watch/watcher.ts';
import type { Plain } from './codec.ts';
import type { StreamCall } from './stream-call.ts';

const checkWatch = compileCheck<WatchBody>(toJsonSchema(watchBody));
const checkObserve = compileCheck<ObserveBody>(toJsonSchema(observeBody));

/** @returns Why it was not begun. @throws HoldfastError where it is not admitted. */
export function serveWatch(
  body: Plain,
  context: OperationContext,
  stream: StreamCall,
): Refused | undefined {
  if (!checkWatch.passes(body)) return checkWatch.problem();
  context.service.admit?.(context.identity, { name: 'watch', body });
  const watcher = openWatch(body, context, {
    take: (events) => stream.send({ position: events.at(-1)?.position, events }),
    compacted: (problem) => stream.fail(problem),
  });
  if (watcher instanceof Refused) return watcher;
  follow(watcher, stream);
  stream.send({ position: positionText(watcher.position), events: [] });
  return undefined;
}

/** @returns Why it was not begun. @throws HoldfastError where it is not admitted. */
export async function serveObserve(
  body: Plain,
  context: OperationContext,
  stream: StreamCall,
): Promise<Refused | undefined> {
  if (!checkObserve.passes(body)) return checkObserve.problem();
  context.service.admit?.(context.identity, { name: 'observe', body });
  const watcher: Outcome<Watcher> = await observe(body, context, {
    take: (changes) => {
      let room = true;
      for (const change of changes) room = stream.send(change);
      return room;
    },
    compacted: (problem) => stream.fail(problem),
  });
  if (watcher instanceof Refused) return watcher;
  follow(watcher, stream);
  return undefined;
}

function follow(watcher: Watcher, stream: StreamCall): void {
  stream.onDrain(() => watcher.resume());
  stream.onEnd(() => watcher.close());
}
