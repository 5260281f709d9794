/** The build that is measured: this one, or that of another checkout, with its own client and its own nodes. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as ownClient from '@holdfast/client';
import * as ownServer from '@holdfast/server';

export interface Build {
  readonly connect: typeof ownClient.connect;
  readonly startLocalCluster: typeof ownServer.startLocalCluster;
}

/**
 * @param checkout undefined: this build.
 * @throws Error when the checkout is not built.
 */
export async function openBuild(checkout: string | undefined): Promise<Build> {
  if (checkout === undefined) {
    return { connect: ownClient.connect, startLocalCluster: ownServer.startLocalCluster };
  }
  const client = await importOf(checkout, 'client');
  const server = await importOf(checkout, 'server');
  if (!hasConnect(client) || !hasStart(server)) {
    throw new Error(`${checkout} has no client and local cluster that can be measured.`);
  }
  return { connect: client.connect, startLocalCluster: server.startLocalCluster };
}

async function importOf(checkout: string, name: string): Promise<unknown> {
  const file = join(resolve(checkout), 'packages', name, 'dist', 'index.js');
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Error(`${file} cannot be loaded. Build that checkout first (make build).`, {
      cause: error,
    });
  }
}

// What a function of another build takes and answers cannot be checked; its interface is that of this one.
const hasConnect = (module: unknown): module is Pick<Build, 'connect'> =>
  typeof module === 'object' &&
  module !== null &&
  'connect' in module &&
  typeof module.connect === 'function';

const hasStart = (module: unknown): module is Pick<Build, 'startLocalCluster'> =>
  typeof module === 'object' &&
  module !== null &&
  'startLocalCluster' in module &&
  typeof module.startLocalCluster === 'function';
