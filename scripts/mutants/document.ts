/** docs/safety.md with the table that is made from what was measured, as prettier writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Results } from './results.ts';
import { withTable } from './table.ts';

export const safetyDocument = 'docs/safety.md';

/** As it is to stand. */
export async function safetyText(root: string, results: Results): Promise<string> {
  const path = join(root, safetyDocument);
  const settings = await resolveConfig(path);
  return format(withTable(root, readFileSync(path, 'utf8'), results), {
    ...settings,
    filepath: path,
  });
}

export async function writeTable(root: string, results: Results): Promise<void> {
  writeFileSync(join(root, safetyDocument), await safetyText(root, results));
}
