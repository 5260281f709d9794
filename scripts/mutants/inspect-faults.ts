/** Planted faults in looking into the folder of a node that does not run. */
import type { Fault } from './fault.ts';

export const inspectFaults: readonly Fault[] = [
  {
    name: 'folder-in-use-looked-into',
    breaks: 'what a running node writes meanwhile is told as the state of its folder',
    file: 'packages/storage/src/look.ts',
    find: `  if (isLocked(lock)) throw new FolderInUseError(lock);
`,
    put: ``,
  },
  {
    name: 'former-log-looked-at-in-place',
    breaks: 'SQLite writes to the folder that is only looked at',
    file: 'packages/storage/src/look.ts',
    find: `openFormer(copy, owner)`,
    put: `openFormer(file, owner)`,
  },
  {
    name: 'uncommitted-entries-shown-as-done',
    breaks: 'a grant that another leader replaced is shown as a hold',
    file: 'packages/engine/src/inspect/inspect.ts',
    find: `uncommitted ? Number.POSITIVE_INFINITY : hardState.commit`,
    put: `Number.POSITIVE_INFINITY`,
  },
  {
    name: 'state-of-a-damaged-folder-shown-as-whole',
    breaks: 'what was acknowledged behind a damage is missing, and nothing says so',
    file: 'packages/engine/src/inspect/inspect.ts',
    find: `seen.damage.length > 0`,
    put: `false`,
  },
  {
    name: 'folder-taken-while-it-is-inspected',
    breaks: 'a state is shown that is mixed of before and after the start of a node',
    file: 'packages/engine/src/inspect/inspect.ts',
    find: `    seen.assertUnused(); // INSPECT-1
`,
    put: ``,
    hiddenFromRuns: 'nothing is inspected in runs',
    test: 'packages/engine/test/unit/inspect.test.ts',
  },
];
