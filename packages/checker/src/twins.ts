/**
 * Sessions of which only unknown operations are left, the same ones, and of which the state knows nothing:
 * what one of them could explain any other could as well. It is enough to try the first. Without this, a
 * history with many clients that were never heard of again has as many choices as there are sets of them.
 */
import type { Model, Operation } from './history.ts';

interface SessionLeft {
  readonly session: string;
  /** The same for sessions whose unknown operations are the same. Undefined: it is like no other. */
  group: number | undefined;
  answeredLeft: number;
  unknownPlaced: number;
  /** Of the call of its last unknown operation. */
  lastPosition: number;
}

interface Unknown {
  readonly operation: number;
  readonly position: number;
}

export class Twins<State, Call, Answer> {
  readonly #model: Model<State, Call, Answer>;
  readonly #sessionOf = new Map<number, SessionLeft>();

  /** @param unknown In the order of their calls. */
  constructor(
    model: Model<State, Call, Answer>,
    history: readonly Operation<Call, Answer>[],
    operations: readonly number[],
    unknown: readonly Unknown[],
  ) {
    this.#model = model;
    const { sessions } = model;
    if (sessions === undefined) return;
    const shapes = new Map<SessionLeft, string[]>();
    const found = new Map<string, SessionLeft>();
    const ended = new Set<SessionLeft>();
    const positions = new Map(unknown.map(({ operation, position }) => [operation, position]));
    for (const operation of operations) {
      const call = history[operation]?.call;
      const session = call === undefined ? undefined : sessions.sessionOf(call);
      if (call === undefined || session === undefined) continue;
      const left = found.get(session) ?? {
        session,
        group: undefined,
        answeredLeft: 0,
        unknownPlaced: 0,
        lastPosition: -1,
      };
      found.set(session, left);
      this.#sessionOf.set(operation, left);
      const position = positions.get(operation);
      if (position === undefined) {
        left.answeredLeft += 1;
        if (sessions.isEnd(call)) ended.add(left);
      } else {
        left.lastPosition = Math.max(left.lastPosition, position);
        shapes.set(left, [...(shapes.get(left) ?? []), sessions.shapeOf(call)]);
      }
    }
    const groups = new Map<string, number>();
    for (const [left, own] of shapes) {
      if (ended.has(left)) continue; // It is not what one is that did not end.
      const shape = own.toSorted().join();
      const group = groups.get(shape) ?? groups.size;
      groups.set(shape, group);
      left.group = group;
    }
  }

  /** @param by 1 when it is placed, -1 when it is taken back. */
  count(operation: number, isUnknown: boolean, by: 1 | -1): void {
    const left = this.#sessionOf.get(operation);
    if (left === undefined) return;
    if (isUnknown) left.unknownPlaced += by;
    else left.answeredLeft -= by;
  }

  /**
   * For one state: tells of one unplaced unknown operation after the other, in the order of their calls,
   * whether the session of an earlier one would do as well.
   *
   * @param limit Operations called up to there may come next.
   */
  inState(state: State, limit: number): (operation: number) => boolean {
    const { sessions } = this.#model;
    if (sessions === undefined) return () => false;
    const firstOf: (SessionLeft | undefined)[] = [];
    return (operation) => {
      const left = this.#sessionOf.get(operation);
      if (left?.group === undefined || left.lastPosition > limit) return false;
      if (left.answeredLeft > 0 || left.unknownPlaced > 0) return false;
      const first = firstOf[left.group];
      if (first === left) return false;
      if (sessions.isIn(state, left.session)) return false;
      if (first !== undefined) return true;
      firstOf[left.group] = left;
      return false;
    };
  }
}
