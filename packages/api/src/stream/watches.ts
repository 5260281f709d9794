/** The watches of one client stream. */
import { toProblem } from '@holdfast/protocol';
import type { UnwatchBody, WatchBody, WatchPush } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { Refused, refusedWhere } from '../refused.ts';
import { unwatchBody, watchBody } from '../schemas/events.ts';
import { compileCheck, toJsonSchema } from '../validation/compile.ts';
import { openWatch } from '../watch/open.ts';
import { positionText } from '../watch/position.ts';
import type { Watcher } from '../watch/watcher.ts';

const maxWatches = 1000;

const checkWatch = compileCheck<WatchBody>(toJsonSchema(watchBody));
const checkUnwatch = compileCheck<UnwatchBody>(toJsonSchema(unwatchBody));

export class StreamWatches {
  readonly #context: OperationContext;
  readonly #push: (body: WatchPush) => void;
  readonly #watchers = new Map<number, Watcher>();
  #nextId = 1;

  constructor(context: OperationContext, push: (body: WatchPush) => void) {
    this.#context = context;
    this.#push = push;
  }

  watch(body: unknown): Outcome<object> {
    if (!checkWatch.passes(body)) return checkWatch.problem();
    if (this.#watchers.size >= maxWatches) {
      return new Refused(
        'limit_exceeded',
        `This stream has ${String(maxWatches)} watches already. End some, or watch a prefix.`,
        { limit: 'max_watches_per_stream', value: maxWatches },
      );
    }
    const { service, identity } = this.#context;
    try {
      service.admit?.(identity, { name: 'watch', body });
    } catch (error) {
      const refused = refusedWhere(error);
      if (refused === undefined) throw error;
      return refused;
    }
    const id = this.#nextId++;
    const watcher = openWatch(body, this.#context, {
      take: (events) => {
        // A reader that is too slow loses its stream (S2 of connection.ts).
        this.#push({ watch_id: id, events });
        return true;
      },
      compacted: (problem) => {
        this.#watchers.delete(id);
        this.#push({ watch_id: id, events: [], problem: toProblem(problem) });
      },
    });
    if (watcher instanceof Refused) return watcher;
    this.#watchers.set(id, watcher);
    return { watch_id: id, position: positionText(watcher.position) };
  }

  unwatch(body: unknown): Outcome<object> {
    if (!checkUnwatch.passes(body)) return checkUnwatch.problem();
    const { watch_id } = body;
    const watcher = this.#watchers.get(watch_id);
    this.#watchers.delete(watch_id);
    watcher?.close();
    return { watch_id, ended: watcher !== undefined };
  }

  end(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
