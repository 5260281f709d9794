/**
 * The pushes whose dedup ids are remembered, in the order in which they came: one is added at the end, and one is taken
 * from the beginning.
 *
 * DPAGE-1: what was captured is as of the moment of the capture: nothing of a page is changed once it is there. Capturing
 *     copies the list of the pages alone.
 * DPAGE-2: the numbers of a push stand in arrays of numbers beside the JavaScript heap: it has no object there, however
 *     many there are.
 */
export interface RememberedPush {
  /** Of the message. */
  readonly id: number;
  readonly queue: string;
  readonly dedupId: string;
  readonly untilMs: number;
}

const pageLength = 512;

class DedupPage {
  // DPAGE-2
  readonly #ids = new Float64Array(pageLength);
  readonly #untilMs = new Float64Array(pageLength);
  readonly #dedupIds: string[] = [];
  /** Each once for all that follow one another. */
  readonly #queues: string[] = [];
  readonly #queueOf = new Uint16Array(pageLength);

  add({ id, queue, dedupId, untilMs }: RememberedPush): void {
    const place = this.#dedupIds.length;
    this.#dedupIds.push(dedupId);
    this.#ids[place] = id;
    this.#untilMs[place] = untilMs;
    if (this.#queues.at(-1) !== queue) this.#queues.push(queue);
    this.#queueOf[place] = this.#queues.length - 1;
  }

  at(place: number): RememberedPush | undefined {
    const dedupId = this.#dedupIds[place];
    const queue = this.#queues[this.#queueOf[place] ?? 0];
    if (dedupId === undefined || queue === undefined) return undefined;
    return { id: this.#ids[place] ?? 0, queue, dedupId, untilMs: this.#untilMs[place] ?? 0 };
  }
}

export class DedupPages {
  #pages: DedupPage[] = [];
  /** The position of what the first page begins with. */
  #begin = 0;
  /** Positions: of the oldest one, and of the next one that comes. */
  #first = 0;
  #next = 0;

  get size(): number {
    return this.#next - this.#first;
  }

  /** @returns Its position: it stays the same as long as it is here, and nothing else here has it. */
  add(remembered: RememberedPush): number {
    const position = this.#next;
    if (position === this.#begin + this.#pages.length * pageLength)
      this.#pages.push(new DedupPage());
    this.#pages.at(-1)?.add(remembered);
    this.#next += 1;
    return position;
  }

  /** Of a position that `add` returned, while it is here. */
  at(position: number): RememberedPush | undefined {
    const place = position - this.#begin;
    return this.#pages[Math.floor(place / pageLength)]?.at(place % pageLength);
  }

  /** The position of the oldest one; undefined where there is none. */
  get first(): number | undefined {
    return this.size === 0 ? undefined : this.#first;
  }

  /** The oldest one goes. */
  removeFirst(): void {
    this.#first += 1;
    if (this.#first === this.#next) {
      this.#pages = [];
      this.#begin = this.#first;
    } else if (this.#first === this.#begin + pageLength) {
      this.#pages.shift();
      this.#begin += pageLength;
    }
  }

  /** DPAGE-1. To be read once and at any time. */
  capture(): Iterable<RememberedPush> {
    return pushesOf(this.#pages.slice(), this.#first - this.#begin, this.size);
  }

  /** In order, as they stand. */
  values(): Iterable<RememberedPush> {
    return pushesOf(this.#pages, this.#first - this.#begin, this.size);
  }
}

function* pushesOf(
  pages: readonly DedupPage[],
  from: number,
  size: number,
): Generator<RememberedPush, void, undefined> {
  for (let place = from; place < from + size; place++) {
    const remembered = pages[Math.floor(place / pageLength)]?.at(place % pageLength);
    if (remembered !== undefined) yield remembered;
  }
}
