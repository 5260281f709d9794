/** Faults of who belongs together: lists of members, addresses, copies of a member. */
import type { Fault } from './faults.ts';

export const addressFaults: readonly Fault[] = [
  {
    name: 'different-initial-members-pass',
    breaks: 'nodes that count different majorities form one cluster',
    file: 'packages/engine/src/transport/initial-members.ts',
    find: `String(ownIds) === String(toldIds)`,
    put: `ownIds.length + toldIds.length > 0`,
  },
  {
    name: 'initial-members-compared-for-ever',
    breaks:
      'members are kept out by what they were first started with, though the log names others',
    file: 'packages/engine/src/transport/initial-members.ts',
    find: `if (own.othersInLog && told.othersInLog) return undefined;`,
    put: ``,
  },
  {
    name: 'last-option-wins',
    breaks: 'of --cluster-peers a --cluster-peers b a node knows b alone',
    file: 'packages/cli/src/repeated-options.ts',
    find: `if (given.length === 1) return;`,
    put: `if (given.length > 0) return;`,
  },
  {
    name: 'endpoints-behind-the-command-lost',
    breaks:
      'a node that is named behind the command is not asked where another one is named before it',
    file: 'packages/cli/src/program.ts',
    find: `given = [...(at.opts<GlobalOptions>().endpoint ?? []), ...given];`,
    put: `given = at.opts<GlobalOptions>().endpoint ?? given;`,
  },
];
