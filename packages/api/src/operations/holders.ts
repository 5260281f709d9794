/** Who has the hold of a fence token, of whatever kind. */
import type { EndedHold, FoundHold, Holder, SessionId } from '@holdfast/state';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';
import { asFenceToken } from './identities.ts';

export type HeldKind = 'lock' | 'semaphore' | 'election';

export interface FoundHolder extends FoundHold {
  /** How others ended the hold of the token that was asked for. */
  readonly ended: EndedHold | undefined;
  /** The implicit session that gave it back. */
  readonly gaveBack: SessionId | undefined;
}

/**
 * As of now, by proof of leadership.
 *
 * @param fenceToken Undefined: any hold of the holder (`other`).
 * @param holder Whose it should be; undefined: whoever has it.
 */
export async function findHold(
  kind: HeldKind,
  name: string,
  fenceToken: number | undefined,
  holder: Holder | undefined,
  context: OperationContext,
): Promise<FoundHolder> {
  const result = await context.service.engine.query(
    {
      type: 'find_hold',
      kind,
      name,
      ...(fenceToken === undefined ? {} : { fenceToken: asFenceToken(fenceToken) }),
      ...(holder === undefined ? {} : { holder }),
    },
    'linearizable',
    callOptions(context),
  );
  const { found, ended, gaveBack } = result;
  return { ...found, ended, gaveBack };
}
