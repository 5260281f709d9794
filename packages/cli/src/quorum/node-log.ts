/** The log of a lease node, on stderr: text on a terminal, else JSON lines like those of `holdfast server`. */
import type { LeaseNodeLog } from '@holdfast/quorum';
import { reasonOf } from './ask-nodes.ts';
import { printable } from '../printable.ts';

const levels = { info: 30, warn: 40, error: 50 } as const;

/** @param node What it is called in the lines. */
export function nodeLog(
  node: string,
  target: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
): LeaseNodeLog {
  const lineAt =
    (level: keyof typeof levels) =>
    (fields: object, msg: string): void => {
      const shown = Object.entries(fields).map(
        ([name, value]: [string, unknown]) =>
          [name, value instanceof Error ? textOf(value) : value] as const,
      );
      const time = Date.now();
      if (target.isTTY !== true) {
        const line = { level: levels[level], time, node, ...Object.fromEntries(shown), msg };
        target.write(`${JSON.stringify(line)}\n`);
        return;
      }
      const rest = shown.map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      const at = new Date(time).toISOString().slice(11, 23);
      target.write(
        `${printable(`${at} ${level.padEnd(5)} ${node}  ${msg}  ${rest.join(' ')}`).trimEnd()}\n`,
      );
    };
  return { info: lineAt('info'), warn: lineAt('warn'), error: lineAt('error') };
}

function textOf(error: Error): string {
  const reason = reasonOf(error);
  return reason === error.message ? reason : `${error.message} (${reason})`;
}
