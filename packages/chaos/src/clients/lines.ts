/** A file of JSON lines, each written before its writer goes on. */
import { appendFileSync, readFileSync } from 'node:fs';

export function appendLine(path: string, line: object): void {
  appendFileSync(path, JSON.stringify(line) + '\n');
}

/** Our own lines: one that is not whole, the last of a process that was killed, is all that can be wrong. */
export function readLines<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text) => {
      if (text === '') return [];
      try {
        return [JSON.parse(text) as Line];
      } catch {
        return [];
      }
    });
}
