/** What a refused write of the cache is told. */
import { refuse } from '../../kernel/refusals.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { FenceToken, LogIndex, ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { nodeIdentity } from '../../kernel/commands.ts';
import type { Pool } from '../holds/pool.ts';
import type { IfHeld } from './commands.ts';

export function versionMismatch(name: ResourceName, version: LogIndex, given: LogIndex): Refusal {
  const now = version === 0 ? 'has no value' : `has version ${String(version)}`;
  const wanted = given === 0 ? 'no value' : `version ${String(given)}`;
  return refuse(
    'version_mismatch',
    `Key "${name}" ${now}, and the write demands ${wanted}. Nothing was changed. Read it again.`,
    { key: name, version, if_version: given },
  );
}

/**
 * Whoever wrote under this hold is not its holder any more, or never was. While authentication is on, the hold of another
 * identity is told like none (OWNER-1). No answer to a write of the cache is remembered: this text is no part of the state.
 */
export function holdNotCurrent(tables: Tables, { name, fenceToken }: IfHeld): Refusal {
  const { identity, access } = tables;
  const owner = access.isEnabled && identity !== nodeIdentity ? identity : undefined;
  const current = Object.values(tables.pools)
    .map((some) => currentToken(some.get(name), owner))
    .find((token) => token !== undefined);
  const token = String(fenceToken);
  const now = current === undefined ? 'nobody holds it' : `its token is ${String(current)} now`;
  const what =
    owner === undefined || current !== undefined
      ? `No hold of "${name}" has the fence token ${token}: ${now}.`
      : `You have no hold of "${name}" with the fence token ${token}.`;
  return refuse('hold_not_current', `${what} Nothing was changed. Stop writing.`, {
    resource: name,
    fence_token: fenceToken,
    current_fence_token: current ?? null,
  });
}

/** @param owner Undefined: whoever has it. */
function currentToken(pool: Pool | undefined, owner: string | undefined): FenceToken | undefined {
  let newest: FenceToken | undefined;
  for (let hold = pool?.firstHold; hold !== undefined; hold = hold.next) {
    const isSeen = hold.session.living && (owner === undefined || hold.session.owner === owner);
    if (isSeen && (newest === undefined || hold.fenceToken > newest)) newest = hold.fenceToken;
  }
  return newest;
}

export function busy(name: ResourceName): Refusal {
  return refuse(
    'cache_busy',
    `Another write of key "${name}" is in the same entry of the log. Nothing was changed. Try again.`,
    { key: name },
  );
}
