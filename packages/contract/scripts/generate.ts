/**
 * Writes what is made from the contract: the files in proto/ and packages/protocol/src/generated/. With
 * `--check` it writes nothing and fails where a file differs from what is declared.
 *
 * node --conditions=source packages/contract/scripts/generate.ts [--check]
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import {
  errors,
  groups,
  protoFiles,
  streamFrames,
  streamPushes,
  typeScriptFiles,
} from '../src/index.ts';
import type { TextFile } from '../src/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const style = JSON.parse(readFileSync(join(root, '.prettierrc.json'), 'utf8')) as object;

interface Target {
  readonly folder: string;
  readonly extension: string;
  readonly files: readonly TextFile[];
}

const targets: readonly Target[] = [
  { folder: join(root, 'proto'), extension: '.proto', files: protoFiles(groups) },
  {
    folder: join(root, 'packages/protocol/src/generated'),
    extension: '.ts',
    files: await Promise.all(
      typeScriptFiles(groups, errors, streamFrames, streamPushes).map(async ({ path, text }) => ({
        path,
        text: await format(text, { ...style, parser: 'typescript' }),
      })),
    ),
  },
];

const isCheck = process.argv.includes('--check');

function tell(path: string): void {
  console.error(`${relative(root, path)} differs from the contract. Run "make documents".`);
  process.exitCode = 1;
}

for (const { folder, extension, files } of targets) {
  const wanted = new Set(files.map(({ path }) => join(folder, path)));
  for (const { path, text } of files) {
    const target = join(folder, path);
    if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
    if (isCheck) tell(target);
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
  if (!existsSync(folder)) continue;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry);
    if (!path.endsWith(extension) || wanted.has(path)) continue;
    if (isCheck) tell(path);
    else rmSync(path);
  }
}
