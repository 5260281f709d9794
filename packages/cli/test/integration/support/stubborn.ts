/** A command that does not end when it is told to. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What it wrote last; 0: nothing yet. */
export const lastLine = (path: string): number =>
  Number(existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').at(-1) : 0);

/** A command that will not go by itself: it and its child ignore SIGTERM and write the time all along. */
export function stubborn(folder: string, label: string): string {
  const path = join(folder, `${label}.mjs`);
  writeFileSync(
    path,
    `import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
process.on('SIGTERM', () => appendFileSync(${JSON.stringify(join(folder, `${label}.term`))}, Date.now() + '\\n'));
const self = process.argv[2] ?? 'child';
if (self === 'child') spawn(process.execPath, [${JSON.stringify(path)}, 'grandchild'], { stdio: 'ignore' });
setInterval(() => appendFileSync(${JSON.stringify(folder)} + '/${label}.' + self, Date.now() + '\\n'), 10);
`,
  );
  return path;
}
