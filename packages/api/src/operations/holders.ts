/** Who holds something, of whatever kind. */
import type { LockMode } from '@holdfast/protocol';
import type { EndedHold, FenceToken, SessionId } from '@holdfast/state';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';
import { asFenceToken } from './identities.ts';
import { unexpected } from './unexpected.ts';

export type HeldKind = 'lock' | 'semaphore' | 'election';

export interface Holders {
  readonly holders: readonly {
    readonly sessionId: SessionId;
    readonly clientId: string;
    readonly fenceToken: FenceToken;
    readonly mode?: LockMode;
  }[];
  /** How others ended the hold of the token that was asked for. */
  readonly ended: EndedHold | undefined;
  /** The session of its own that gave it back. */
  readonly gaveBack: SessionId | undefined;
}

/** As of now, by proof of leadership. */
export async function holdersOf(
  kind: HeldKind,
  name: string,
  context: OperationContext,
  fenceToken: number,
): Promise<Holders> {
  const result = await context.service.engine.query(
    { type: 'holders', kind, name, fenceToken: asFenceToken(fenceToken) },
    'linearizable',
    callOptions(context),
  );
  return result.type === 'holders' ? result : unexpected(result.type);
}
