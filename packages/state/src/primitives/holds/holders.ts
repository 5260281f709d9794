/**
 * The holds of a pool that has more than one: most pools need none of this. To find the hold of a session takes no longer the more
 * of them there are: from so many on they are in an index.
 */
import { Chain } from '../../kernel/collections/chain.ts';
import { hashOfText } from '../../kernel/collections/hash.ts';
import { OrderedMap } from '../../kernel/collections/ordered-map.ts';
import type { Link } from '../../kernel/collections/chain.ts';

/** To look through so many takes no longer than to ask the index. */
const mostLookedThrough = 8;

interface HeldBy<Session, Hold> extends Link<Hold> {
  readonly session: Session;
}

/** In the order in which they began. */
export class HoldersOf<
  Session extends { readonly id: string },
  Hold extends HeldBy<Session, Hold>,
> extends Chain<Hold> {
  /** Another one after every change of what is held; its value is of this node alone. */
  version = 0;
  /** Whether a session has one hold at most: permits are never entered. */
  readonly #onePerSession: boolean;
  #bySession: OrderedMap<Session, Hold> | undefined = undefined;

  constructor(first: Hold, onePerSession: boolean) {
    super();
    this.#onePerSession = onePerSession;
    this.append(first);
  }

  add(hold: Hold): void {
    this.append(hold);
    this.changed();
    if (this.#bySession !== undefined) this.#bySession.set(hold.session, hold);
    else if (this.#onePerSession && this.length > mostLookedThrough)
      this.#bySession = this.#index();
  }

  drop(hold: Hold): void {
    this.remove(hold);
    this.changed();
    this.#bySession?.delete(hold.session);
  }

  changed(): void {
    this.version += 1;
  }

  /** The one of a session, where each has one at most. */
  of(session: Session): Hold | undefined {
    if (this.#bySession !== undefined) return this.#bySession.get(session);
    for (let hold = this.first; hold !== undefined; hold = hold.next)
      if (hold.session === session) return hold;
    return undefined;
  }

  #index(): OrderedMap<Session, Hold> {
    const index = new OrderedMap<Session, Hold>(({ id }) => hashOfText(id));
    for (let hold = this.first; hold !== undefined; hold = hold.next) index.set(hold.session, hold);
    return index;
  }
}
