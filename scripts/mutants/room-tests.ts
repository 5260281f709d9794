/** The tests that may find a planted fault: those of its room and of the rooms that use it, the likeliest first. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Fault } from './faults.ts';
import { heal, plant } from './plant.ts';

/** Whose tests are asked for a fault in each room; others: none but the simulator. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  raft: ['raft', 'engine'],
  state: ['state', 'engine'],
  storage: ['storage', 'engine'],
  protocol: ['protocol', 'client', 'api'],
  engine: ['engine'],
  client: ['client'],
  api: ['api'],
  quorum: ['quorum'],
  server: ['server'],
  cli: ['cli'],
};

/** A file of tests that takes longer has met something that never ends: a fault, too. */
const longestMs = 90_000;

/** The tests, and what some of them read, beside sources that are copied already. */
export function copyTests(root: string, folder: string): void {
  const texts = globSync(['packages/*/test', 'docs', 'config', 'SPEC.md', 'CHANGELOG.md'], {
    cwd: root,
  });
  for (const path of texts) cpSync(join(root, path), join(folder, path), { recursive: true });
}

/**
 * The file of tests that fails with the fault, which is planted, and passes without it.
 *
 * A test that fails in any case, for want of something in the copy, proves nothing: it is run again on healed
 * sources before it counts.
 */
export function findingFile(root: string, folder: string, fault: Fault): string | undefined {
  for (const file of testFilesFor(folder, fault.file)) {
    if (passes(folder, file)) continue;
    heal(root, folder, fault);
    const isSound = passes(folder, file);
    plant(root, folder, fault);
    if (isSound) return file;
  }
  return undefined;
}

/** Unit tests that name the file, then other unit tests of its room and of those that use it. */
export function testFilesFor(folder: string, source: string): readonly string[] {
  const room = source.split('/')[1] ?? '';
  const own = basename(source, '.ts');
  const rank = (file: string): number => {
    if (basename(file) === `${own}.test.ts`) return 0;
    return readFileSync(join(folder, file), 'utf8').includes(`/${own}.ts'`) ? 1 : 2;
  };
  return (rooms[room] ?? []).flatMap((name) =>
    globSync(`packages/${name}/test/unit/**/*.test.ts`, { cwd: folder })
      .map((file) => ({ file, rank: rank(file) }))
      .sort((a, b) => a.rank - b.rank || a.file.localeCompare(b.file))
      .map(({ file }) => file),
  );
}

function passes(folder: string, file: string): boolean {
  const run = spawnSync(process.execPath, ['--conditions=source', '--test', file], {
    cwd: folder,
    stdio: 'ignore',
    timeout: longestMs,
  });
  return run.status === 0;
}
