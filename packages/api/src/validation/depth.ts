/**
 * How deep what comes from outside may be nested.
 *
 * DEPTH-1: no body is nested deeper than `deepestBody` levels: what walks a value by calls of itself, as `JSON.stringify` does,
 *     would otherwise use up the stack where nobody expects it, in the middle of a change.
 */

/** Of a value that a caller stores: metadata, payloads, values. Data that people write have less. */
export const deepestValue = 32;
/** A payload stands in a message, that in a list, that in the body. */
export const deepestBody: number = deepestValue + 3;

/** Whether anything in it stands deeper than so many levels. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((one) => isDeeper(one, levels - 1));
  const fields = value as Readonly<Record<string, unknown>>;
  // No list of the values is made: each request comes here.
  for (const name in fields) if (isDeeper(fields[name], levels - 1)) return true;
  return false;
}
