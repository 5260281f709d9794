/** Names by what is declared of them, for those who know a request by its name alone. */
import { groups, operations } from './contract.ts';
import type { Operation } from './operation.ts';
import { streamFrames } from './stream.ts';

const named = (has: (operation: Operation) => boolean): readonly string[] =>
  operations.filter(has).map(({ name }) => name);
const frameNames = streamFrames.map(({ name }) => name);

/** What keeps or gives back what is held, and what is about a stream itself. */
export const keepingAndGivingBack: ReadonlySet<string> = new Set([
  ...named(({ forHolders }) => forHolders !== undefined),
  ...frameNames,
]);

/** Neither a change nor a read that anybody would look for. */
export const neverRecorded: ReadonlySet<string> = new Set(
  named(
    (operation) =>
      operation.isProbe === true ||
      (operation.forHolders === 'keeps' && operation.kind === 'unary' && !operation.changes),
  ),
);

export const unlogged: ReadonlySet<string> = new Set(
  named(({ isUnlogged }) => isUnlogged === true),
);

/** Of groups whose state may be kept outside the log. */
export const ofOwnStore: ReadonlySet<string> = new Set(
  groups
    .filter(({ hasOwnStore }) => hasOwnStore === true)
    .flatMap((group) => group.operations.map(({ name }) => name)),
);

/** What gives back, by the kind of hold that is looked for. */
export const returning: ReadonlyMap<string, NonNullable<Operation['returns']>> = new Map(
  operations.flatMap(({ name, returns }) =>
    returns === undefined ? [] : [[name, returns] as const],
  ),
);
