/** The watches of one client stream. */
import { toProblem } from '@holdfast/protocol';
import type {
  UnwatchAnswer,
  UnwatchBody,
  WatchAnswer,
  WatchBody,
  WatchPush,
} from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import type { ServedOther } from '../pipeline/perform.ts';
import { openWatch } from '../watch/open.ts';
import { positionText } from '../watch/position.ts';
import type { Watcher } from '../watch/watcher.ts';

const maxWatches = 1000;

export class StreamWatches {
  readonly #context: () => OperationContext;
  readonly #push: (body: WatchPush) => void;
  readonly #watchers = new Map<number, Watcher>();
  #nextId = 1;
  /** Watches that are being begun: they count, and their client may go meanwhile. */
  #beginning = 0;
  #ended = false;

  constructor(context: () => OperationContext, push: (body: WatchPush) => void) {
    this.#context = context;
    this.#push = push;
  }

  /** Begins or ends one. */
  perform(operation: ServedOther, body: unknown): Outcome<object> | Promise<Outcome<object>> {
    // The types are made from the schemas that the bodies are checked against.
    return operation.begin<object>(body, this.#context(), (asked) =>
      operation.name === 'watch' ? this.#watch(asked) : this.#unwatch(asked as UnwatchBody),
    );
  }

  async #watch(body: WatchBody): Promise<Outcome<WatchAnswer>> {
    if (this.#watchers.size + this.#beginning >= maxWatches) {
      return new RequestError(
        'limit_exceeded',
        `This stream has ${String(maxWatches)} watches, which is its limit. End some, or watch a prefix.`,
        { limit: 'max_watches_per_stream', value: maxWatches, scope: 'node' },
      );
    }
    const id = this.#nextId++;
    this.#beginning += 1;
    const watcher = await this.#open(id, body).finally(() => {
      this.#beginning -= 1;
    });
    if (watcher instanceof RequestError) return watcher;
    if (this.#ended) watcher.close();
    else this.#watchers.set(id, watcher);
    return { watch_id: id, position: positionText(watcher.position) };
  }

  #open(id: number, body: WatchBody): Promise<Outcome<Watcher>> {
    return openWatch(body, this.#context(), {
      take: (events) => {
        // A reader that is too slow loses its stream (STREAM-2 of connection.ts).
        this.#push({ watch_id: id, events });
        return true;
      },
      compacted: (refused) => {
        this.#watchers.delete(id);
        this.#push({ watch_id: id, events: [], problem: toProblem(refused) });
      },
    });
  }

  #unwatch({ watch_id }: UnwatchBody): UnwatchAnswer {
    const watcher = this.#watchers.get(watch_id);
    this.#watchers.delete(watch_id);
    watcher?.close();
    return { watch_id, ended: watcher !== undefined };
  }

  end(): void {
    this.#ended = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
