/** Checks the types of all tests; the sources are checked by `tsc -b`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

let failed = false;
for (const name of readdirSync('packages')) {
  const project = `packages/${name}/test/tsconfig.json`;
  if (!existsSync(project)) continue;
  // A room without tests of its own has nothing to check.
  const files = readdirSync(`packages/${name}/test`, { recursive: true });
  if (!files.some((file) => String(file).endsWith('.ts'))) continue;
  const { status } = spawnSync('npx', ['tsc', '-p', project], { stdio: 'inherit' });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
