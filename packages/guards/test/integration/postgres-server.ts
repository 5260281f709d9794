/** A PostgreSQL server of the test's own: in a temporary folder, on a socket in it, gone with the test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';

export interface PostgresServer extends AsyncDisposable {
  /** What a client needs to connect. */
  readonly connection: { readonly host: string; readonly user: string; readonly database: string };
}

/** The folder with `initdb` and `postgres`, if this machine has them; Debian keeps them out of the PATH. */
export function findPostgres(): string | undefined {
  return [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin'),
  ].find((folder) => ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))));
}

/** PostgreSQL refuses to run as root; another user is taken then. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const name = ['postgres', 'nobody'].find((name) => spawnSync('id', [name]).status === 0);
  if (name === undefined)
    throw new Error('PostgreSQL does not run as root: there is no other user.');
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** @param programs The folder that `findPostgres` found. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'));
  const as = account();
  if (as !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'holdfast', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...as, cwd: folder, stdio: 'pipe' },
  );
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
    { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(server, 'exit');
  const stop = async (): Promise<void> => {
    if (server.exitCode === null) server.kill('SIGINT'); // ends open connections, too
    await exited;
    rmSync(folder, { recursive: true });
  };
  try {
    await Promise.race([
      ready(createInterface(server.stderr)),
      exited.then(() => Promise.reject(new Error('PostgreSQL ended while it started.'))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    connection: { host: folder, user: 'holdfast', database: 'postgres' },
    [Symbol.asyncDispose]: stop,
  };
}

/** Goes on reading after that, so that the server never waits for somebody to take its log. */
async function ready(log: Interface): Promise<void> {
  await new Promise<void>((resolve) => {
    log.on('line', (line: string) => {
      if (line.includes('ready to accept connections')) resolve();
    });
  });
}
