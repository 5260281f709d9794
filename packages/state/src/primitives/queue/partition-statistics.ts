/**
 * What the partitions of a queue have beside their counts: the oldest message of each, and how often something happens in it.
 *
 * QPART-1: none of it is in the log, in a snapshot or in a digest. The messages tell the oldest one. Rates are of what this node
 *     has applied since it started or was given a snapshot: two minutes later at the latest they are those of all nodes.
 */
import { OrderedByNumber } from '../../kernel/collections/ordered-by-number.ts';
import { partitionCount, partitionOf } from './placement.ts';
import { perSecond, windowOf } from './rates.ts';
import type { QueueRates } from './commands.ts';

type Happening = keyof QueueRates<number>;

/** The order in which a partition counts them. */
const happenings: readonly Happening[] = ['pushed', 'delivered', 'acknowledged', 'dead'];

/** What is told of a message. */
interface PartitionedMessage {
  readonly id: number;
  readonly key: string;
  readonly lane: { readonly partition: number } | undefined;
}

const idOf = ({ id }: PartitionedMessage): number => id;

const partitionOfMessage = ({ lane, key }: PartitionedMessage): number =>
  lane?.partition ?? partitionOf(key);

export class PartitionStatistics<Message extends PartitionedMessage> {
  /** Those that live, by partition; none of a partition that has none. */
  readonly #live: (OrderedByNumber<Message> | undefined)[] = [];
  // Of all partitions, numbers: there may be many queues, and few of them at work.
  #window = 0;
  #current: Uint32Array | undefined = undefined;
  #previous: Uint32Array | undefined = undefined;

  /** It lives now. */
  add(message: Message): void {
    (this.#live[partitionOfMessage(message)] ??= new OrderedByNumber<Message>(idOf)).add(message);
  }

  /** It lives no more. Of one that did not live, nothing. */
  remove(message: Message): void {
    const partition = partitionOfMessage(message);
    const live = this.#live[partition];
    live?.remove(message.id);
    if (live?.size === 0) this.#live[partition] = undefined;
  }

  oldestOf(partition: number): Message | undefined {
    return this.#live[partition]?.first();
  }

  count(happening: Happening, message: Message, timeMs: number): void {
    this.#moveTo(windowOf(timeMs));
    const current = (this.#current ??= new Uint32Array(partitionCount * happenings.length));
    const place = partitionOfMessage(message) * happenings.length + happenings.indexOf(happening);
    current[place] = (current[place] ?? 0) + 1;
  }

  /** Whether nothing has happened in the time that rates are of. */
  isQuiet(timeMs: number): boolean {
    const [current, previous] = this.#windowsAt(timeMs);
    return current === undefined && previous === undefined;
  }

  /** Times a second. */
  ratesOf(partition: number, timeMs: number): QueueRates<number> {
    const [current, previous] = this.#windowsAt(timeMs);
    const of = (happening: Happening): number => {
      const place = partition * happenings.length + happenings.indexOf(happening);
      return perSecond(current?.[place] ?? 0, previous?.[place] ?? 0, timeMs);
    };
    return {
      pushed: of('pushed'),
      delivered: of('delivered'),
      acknowledged: of('acknowledged'),
      dead: of('dead'),
    };
  }

  /** What was counted in the window that a time is in, and in the one before that. */
  #windowsAt(timeMs: number): readonly [Uint32Array | undefined, Uint32Array | undefined] {
    const age = windowOf(timeMs) - this.#window;
    if (age <= 0) return [this.#current, this.#previous];
    return [undefined, age === 1 ? this.#current : undefined];
  }

  #moveTo(window: number): void {
    if (window === this.#window) return;
    this.#previous = window === this.#window + 1 ? this.#current : undefined;
    this.#current = undefined;
    this.#window = window;
  }
}
