/** What a refused write of the cache is told. */
import { refuse } from '../../kernel/refusals.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { LogIndex, ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { foundHold } from '../holds/find-hold.ts';
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

/** Whoever wrote under this hold is not its holder any more, or never was. */
export function holdNotCurrent({ pools }: Tables, { name, fenceToken }: IfHeld): Refusal {
  const current = Object.values(pools)
    .map((some) => foundHold(some.get(name), undefined, undefined).currentToken)
    .find((token) => token !== undefined);
  const now = current === undefined ? 'nobody holds it' : `its token is ${String(current)} now`;
  return refuse(
    'hold_not_current',
    `No hold of "${name}" has the fence token ${String(fenceToken)}: ${now}. Nothing was changed. Stop writing.`,
    { resource: name, fence_token: fenceToken, current_fence_token: current ?? null },
  );
}

export function busy(name: ResourceName): Refusal {
  return refuse(
    'cache_busy',
    `Another write of key "${name}" is in the same entry of the log. Nothing was changed. Try again.`,
    { key: name },
  );
}
