import type { OperationContext } from '../operations/context.ts';
import type { RequestError } from '../request-error.ts';

/** What goes on telling its caller for as long as what that has proven holds. @returns Forgets it. */
export function openFor(
  { service: { control }, caller }: OperationContext,
  end: (refused: RequestError) => void,
): () => void {
  if (control === undefined) return () => undefined;
  return control.open.add({ check: () => control.standing(caller), end });
}
