/**
 * A rule of the state machine that must never be broken was broken. The node must stop: going on
 * would spread a state that no other node may have.
 */
export class StateInvariantError extends Error {
  override readonly name: string = 'StateInvariantError';
}

/**
 * Checks a rule that holds unless the code is wrong. Stays on in production.
 *
 * @param rule The rule, as a full sentence; the values are appended only when it is broken.
 * @throws StateInvariantError when `holds` is false.
 */
export function invariant(
  holds: boolean,
  rule: string,
  ...values: readonly (string | number | undefined)[]
): asserts holds {
  if (!holds) {
    const shown = values.length === 0 ? '' : ` Values: ${values.map(String).join(', ')}.`;
    throw new StateInvariantError(`${rule}${shown} This is a defect of Holdfast; the node stops.`);
  }
}
