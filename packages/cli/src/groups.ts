/**
 * The groups of commands, each read when it is asked for.
 *
 * START-1: a command reads its own group and no other. A client's command would else start a quarter of a second
 *     later, for libraries of servers that it does not use; jobs that take a lock once a second would feel that.
 */
import type { Command } from 'commander';
import type { Environment } from './environment.ts';
import type { GroupAdvice } from './failure.ts';

export type AddGroup = (program: Command, at: () => Environment) => void;

interface Group {
  /** The commands that it adds. */
  readonly names: readonly string[];
  readonly read: () => Promise<AddGroup>;
  readonly advice?: GroupAdvice;
}

/** The help lists them in this order. */
export const groups: readonly Group[] = [
  {
    names: ['server'],
    read: async () => (await import('./commands/server.ts')).addServerCommands,
  },
  {
    names: ['cluster', 'status'],
    read: async () => (await import('./commands/cluster.ts')).addClusterCommands,
  },
  {
    names: ['member', 'transfer'],
    read: async () => (await import('./commands/member.ts')).addMemberCommands,
    advice: {
      codes: {
        leadership_not_transferred: '"holdfast status" tells which members answer.',
      },
    },
  },
  { names: ['top'], read: async () => (await import('./commands/top.ts')).addTopCommand },
  { names: ['watch'], read: async () => (await import('./commands/watch.ts')).addWatchCommand },
  {
    names: ['backup', 'restore'],
    read: async () => (await import('./commands/backup.ts')).addBackupCommands,
  },
  {
    names: ['session'],
    read: async () => (await import('./commands/session.ts')).addSessionCommands,
  },
  { names: ['lock'], read: async () => (await import('./commands/lock.ts')).addLockCommands },
  {
    names: ['semaphore'],
    read: async () => (await import('./commands/semaphore.ts')).addSemaphoreCommands,
  },
  {
    names: ['election'],
    read: async () => (await import('./commands/election.ts')).addElectionCommands,
  },
  {
    names: ['barrier'],
    read: async () => (await import('./commands/barrier.ts')).addBarrierCommands,
    advice: {
      look: '"holdfast barrier status NAME" tells who has come.',
      limit: 'number of parties',
      codes: {
        barrier_closed:
          'The next round begins when all have left: "holdfast barrier status NAME" tells who has not.',
      },
    },
  },
  {
    names: ['latch'],
    read: async () => (await import('./commands/latch.ts')).addLatchCommands,
    advice: {
      look: '"holdfast latch status NAME" tells how much is left.',
      limit: 'count',
      codes: { latch_not_found: 'Make it with "holdfast latch create NAME COUNT".' },
    },
  },
  { names: ['queue'], read: async () => (await import('./commands/queue.ts')).addQueueCommands },
  {
    names: ['cache'],
    read: async () => (await import('./commands/cache.ts')).addCacheCommands,
    advice: {
      codes: {
        version_mismatch: 'Read it again with "holdfast cache get KEY".',
        hold_not_current: 'Look who holds it with "holdfast lock status NAME".',
      },
    },
  },
  {
    names: ['quorum-node', 'quorum-cluster'],
    read: async () => (await import('./commands/quorum-nodes.ts')).addQuorumNodeCommands,
  },
  {
    names: ['quorum'],
    read: async () => (await import('./commands/quorum.ts')).addQuorumCommands,
  },
  {
    names: ['doctor'],
    read: async () => (await import('./commands/doctor.ts')).addDoctorCommand,
  },
  {
    names: ['log-level'],
    read: async () => (await import('./commands/log-level.ts')).addLogLevelCommand,
  },
  {
    names: ['inspect'],
    read: async () => (await import('./commands/inspect.ts')).addInspectCommand,
  },
  { names: ['audit'], read: async () => (await import('./commands/audit.ts')).addAuditCommands },
  { names: ['auth'], read: async () => (await import('./commands/auth.ts')).addAuthCommands },
  { names: ['cert'], read: async () => (await import('./commands/cert.ts')).addCertCommands },
  {
    names: ['completion'],
    read: async () => (await import('./commands/completion.ts')).addCompletionCommand,
  },
];

/** @param name Of a group. */
export const adviceOf = (name: string): GroupAdvice =>
  groups.find(({ names }) => names.includes(name))?.advice ?? {};

/** All of them: for help, for the scripts of shells, for what is mistyped. */
export const readAllGroups = (): Promise<readonly AddGroup[]> => read(groups);

/** What these words of a command line need (START-1). */
export async function readGroupsFor(words: readonly string[]): Promise<readonly AddGroup[]> {
  const name = commandIn(words);
  if (name === undefined && words.some((word) => word === '--version' || word === '-V')) return [];
  const group = groups.find(({ names }) => name !== undefined && names.includes(name));
  return group === undefined || name === 'completion' ? readAllGroups() : read([group]);
}

const read = (some: readonly Group[]): Promise<readonly AddGroup[]> =>
  Promise.all(some.map((group) => group.read()));

const withValue: ReadonlySet<string> = new Set(['--endpoint', '--ca', '--cert', '--key']);

/** Those that start a node, read the folder of one, or make certificates. */
const withServerPackages: ReadonlySet<string> = new Set([
  'server',
  'cluster',
  'restore',
  'quorum-node',
  'quorum-cluster',
  'doctor',
  'inspect',
  'cert',
]);

/** What jobs start, some once a second: together in one file of the bundle (BUNDLE-2 of scripts/bundle-commands.ts). */
export const groupsInOneFile: ReadonlySet<string> = new Set([
  'session',
  'lock',
  'semaphore',
  'election',
  'barrier',
  'latch',
  'queue',
  'cache',
]);
const oneFile = './parts/job-commands.js';

/** @returns The file of the bundle in which all is that these words need; undefined: it is in several. */
export function fileWith(words: readonly string[]): string | undefined {
  const name = commandIn(words);
  return name !== undefined && groupsInOneFile.has(name) ? oneFile : undefined;
}

/** Whether this command line is for the modules of this package, not for the bundle (BUNDLE-1 of bundle-entry.ts). */
export function needsServerPackages(words: readonly string[]): boolean {
  const name = commandIn(words);
  if (name === undefined) return false;
  return withServerPackages.has(name) || (name === 'quorum' && words.includes('reconfigure'));
}

/** The first word that is no option of the program, nor its value. */
function commandIn(words: readonly string[]): string | undefined {
  for (let place = 0; place < words.length; place += 1) {
    const word = words[place] ?? '';
    if (withValue.has(word)) place += 1;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}
