import type { Model, Operation } from '../src/index.ts';

/** All orders, one after the other: slow, and plain to see. For one key and a few operations. */
export function allOrders<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
): boolean {
  const go = (state: State, left: readonly Operation<Call, Answer>[]): boolean => {
    const answered = left.filter(({ outcome }) => outcome.type === 'answered');
    if (answered.length === 0) return true;
    return left.some((next) => {
      const early = answered.every(
        ({ outcome }) => outcome.type !== 'answered' || next.calledAtMs <= outcome.atMs,
      );
      if (!early) return false;
      const answer = next.outcome.type === 'answered' ? next.outcome.answer : undefined;
      const rest = left.filter((other) => other !== next);
      return model.step(state, next.call, answer).some((after) => go(after, rest));
    });
  };
  return go(model.initial, history);
}
