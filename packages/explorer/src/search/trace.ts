/** The way from the start to a state, told line by line: found again by taking the same actions. */
import type { TransitionSystem } from './model.ts';
import { fingerprintInto } from './visited-states.ts';
import type { Fingerprint, VisitedStates } from './visited-states.ts';

/** @param lastAction Taken in the state at the end, where that is what broke something. */
export function traceTo(
  model: TransitionSystem,
  seen: VisitedStates,
  end: number,
  lastAction: number | undefined,
): readonly string[] {
  const numbers: number[] = [];
  for (let number = end; number >= 0; number = seen.parentOf(number)) numbers.push(number);
  numbers.reverse();
  let state = model.start();
  const lines: string[] = [...model.describe(state)];
  for (const [step, number] of numbers.entries()) {
    if (step === 0) continue;
    const print: Fingerprint = { low: 0, high: 0 };
    let next: Int32Array | undefined;
    let told = '';
    let symmetry = 0;
    model.expand(state, (successor, action, under, broken) => {
      if (next !== undefined || broken !== undefined) return;
      fingerprintInto(successor, print);
      if (!seen.is(number, print)) return;
      next = successor.slice();
      symmetry = under;
      told = model.tell(state, action);
    });
    if (next === undefined)
      throw new Error(`Step ${String(step)} of the trace is not found again.`);
    lines.push(`${String(step).padStart(3)}. ${told}`);
    model.rename(symmetry);
    state = next;
  }
  if (lastAction === undefined) for (const line of model.describe(state)) lines.push(line);
  else lines.push(`${String(numbers.length).padStart(3)}. ${model.tell(state, lastAction)}`);
  return lines;
}
