/** Faults in how members of different releases share one log. */
import type { Fault } from './fault.ts';

export const levelFaults: readonly Fault[] = [
  {
    name: 'level-raised-before-all-told',
    breaks: 'the level is raised while a member runs a release that does not support it, and stops',
    file: 'packages/engine/src/feature-levels.ts',
    find: `      if (id !== nodeId) lowest = Math.min(lowest, supportedBy(id) ?? 0);`,
    put: `      if (id === nodeId) lowest = Math.min(lowest, supportedBy(id) ?? lowest);`,
  },
  {
    name: 'absent-member-counts-as-told',
    breaks: 'the level is raised while a member is away, which may come back as an older release',
    file: 'packages/engine/src/feature-levels.ts',
    find: `supportedBy(id) ?? 0);`,
    put: `supportedBy(id) ?? lowest);`,
  },
  {
    name: 'unknown-field-ignored',
    breaks:
      'a member reads a command without the field that it does not know, and goes another way',
    file: 'packages/state/src/kernel/command-fields.ts',
    find: `    if (found === undefined || levelOf(found) > level) return \`the field "\${field}"\`;`,
    put: `    if (found === undefined || levelOf(found) > level) continue;`,
  },
  {
    name: 'unknown-snapshot-field-ignored',
    breaks: 'a member takes a state back without the part of it that it does not know',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `    fields.assertAllRead();
`,
    put: ``,
  },
  {
    name: 'caller-logged-before-its-level',
    breaks: 'what older members cannot read is logged before the level is raised',
    file: 'packages/state/src/kernel/feature-levels.ts',
    find: `  if (level >= callerLevel) return known;`,
    put: `  if (level > 0) return { envelope };`,
  },
  {
    name: 'level-not-in-snapshots',
    breaks: 'a member that came by a snapshot takes its log for one of the first level',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `    if (!fields.atEnd) tables.featureLevel = readableLevel(fields.number());`,
    put: `    if (!fields.atEnd) readableLevel(fields.number());`,
  },
  {
    name: 'older-release-let-in',
    breaks: 'a program that cannot read what is logged is let in as a member',
    file: 'packages/engine/src/transport/hello.ts',
    find: ` ??
      this.#otherLevel(hello);`,
    put: `;`,
  },
  {
    name: 'log-above-its-program-begun',
    breaks: 'a program starts on a log of a level that it does not support',
    file: 'packages/engine/src/replica.ts',
    find: `    assertLogSupported(entries, supported);
`,
    put: ``,
    test: 'packages/engine/test/unit/replica.test.ts',
  },
  {
    name: 'limits-of-later-levels-missing',
    breaks:
      'under a lower feature level one member has no limit where another, which took a snapshot, has one',
    file: 'packages/state/src/kernel/limits.ts',
    find: `  ...limitsOfLaterPrimitives,
`,
    put: ``,
  },
];
