/** What is left of a run that broke a promise. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawHistory, lockModel, toJsonLines } from '@holdfast/checker';
import type { RunOutcome } from './run.ts';

/** Writes its history down, and draws it where it cannot have happened. @returns where, as text. */
export function keepEvidence(
  { history, verdict }: Pick<RunOutcome, 'history' | 'verdict'>,
  name: string,
): string {
  const file = join(tmpdir(), `holdfast-chaos-${name}`);
  writeFileSync(`${file}.jsonl`, toJsonLines(history));
  const written = [`  history      ${file}.jsonl`];
  if (verdict.type === 'violation') {
    writeFileSync(`${file}.html`, drawHistory(lockModel(), history, verdict));
    written.push(`  drawing      ${file}.html`);
  }
  return written.join('\n');
}
