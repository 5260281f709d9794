/** Runs a `curl` line as it is printed: by curl itself where there is one, else by `fetch`. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** @returns the parsed answer. */
export async function curl(command: string): Promise<unknown> {
  const text = hasCurl ? await byShell(command) : await byFetch(command);
  return JSON.parse(text);
}

async function byShell(command: string): Promise<string> {
  // Only the progress meter and a wait without end are taken away.
  const silent = command.replace(/^curl /, 'curl --silent --show-error --max-time 10 ');
  const { stdout } = await run('sh', ['-c', silent]);
  return stdout;
}

async function byFetch(command: string): Promise<string> {
  const words = [...command.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
  const after = (flag: string): string | undefined => {
    const position = words.indexOf(flag);
    return position < 0 ? undefined : words[position + 1];
  };
  const url = words.find((word) => word.startsWith('http'));
  if (url === undefined) throw new Error(`No address in: ${command}`);
  const body = after('-d');
  const answer = await fetch(url, {
    method: after('-X') ?? 'GET',
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
  });
  return answer.text();
}
