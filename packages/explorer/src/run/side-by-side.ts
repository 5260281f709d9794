/**
 * Several configurations in processes of their own, so many at a time: a search uses one core, and states
 * of one configuration are never those of another.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** @returns The names of those that did not end well. */
export async function runSideBySide(
  names: readonly string[],
  processes: number,
  argumentsFor: (name: string) => readonly string[],
  onLine: (name: string, line: string) => void,
): Promise<readonly string[]> {
  const waiting = [...names];
  const failed: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const isGood = await runOne(name, argumentsFor(name), onLine);
      if (!isGood) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: processes }, worker));
  return failed;
}

async function runOne(
  name: string,
  options: readonly string[],
  onLine: (name: string, line: string) => void,
): Promise<boolean> {
  const child = spawn(process.execPath, [...process.execArgv, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) onLine(name, line);
  return (await status) === 0;
}
