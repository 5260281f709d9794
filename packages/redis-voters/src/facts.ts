/** What a Redis server says of itself, and what of it cannot be a voter (REDIS-8). */
import { HoldfastError } from '@holdfast/protocol';
import type { RedisConnection } from './driver.ts';

export interface ServerFacts {
  /** Random, of this process. */
  readonly runId: string;
  readonly version: string;
  readonly role: string;
  readonly isCluster: boolean;
  readonly evictionPolicy: string;
  /** Every change is on disk before it is answered; undefined: the server does not tell. */
  readonly isDurable: boolean | undefined;
  /** The file is being written anew; the first one may not be there yet. */
  readonly isRewriting: boolean;
  /** It was made a master while it ran. */
  readonly wasPromoted: boolean;
}

export async function readFacts(connection: RedisConnection): Promise<ServerFacts> {
  const [info, settings] = await Promise.all([
    connection.sendCommand(['INFO']),
    // Hosted servers often forbid it.
    connection.sendCommand(['CONFIG', 'GET', '*append*']).catch(() => undefined),
  ]);
  const told = pairsOfInfo(info);
  const set = pairsOfList(settings);
  const field = (name: string): string => told.get(name) ?? '';
  return {
    runId: field('run_id'),
    version: field('redis_version'),
    role: field('role'),
    isCluster: field('cluster_enabled') === '1',
    evictionPolicy: field('maxmemory_policy'),
    isDurable: set.has('appendfsync')
      ? field('aof_enabled') === '1' &&
        set.get('appendfsync') === 'always' &&
        set.get('no-appendfsync-on-rewrite') === 'no'
      : undefined,
    isRewriting: field('aof_rewrite_in_progress') === '1' || field('aof_rewrite_scheduled') === '1',
    wasPromoted: /[^0]/.test(field('master_replid2')),
  };
}

function pairsOfInfo(info: unknown): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of typeof info === 'string' ? info.split(/\r?\n/) : []) {
    const colon = line.indexOf(':');
    if (colon > 0) pairs.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return pairs;
}

function pairsOfList(list: unknown): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const parts = Array.isArray(list) ? list.map(String) : [];
  for (let place = 0; place + 1 < parts.length; place += 2)
    pairs.set(parts[place] ?? '', parts[place + 1] ?? '');
  return pairs;
}

/** @throws HoldfastError `invalid_request`. */
export function checkFacts(name: string, facts: ServerFacts): void {
  const { runId, version, role, isCluster, evictionPolicy } = facts;
  if (runId === '') throw refused(name, 'does not report its run id (INFO)');
  if (Number.parseInt(version, 10) < 6) throw refused(name, `is Redis ${version}, before 6`);
  if (role !== 'master')
    throw refused(
      name,
      `is a replica (role "${role}"): it may lack what its master acknowledged last`,
    );
  if (isCluster) throw refused(name, 'is part of a Redis cluster, which is one voter and not many');
  if (evictionPolicy !== 'noeviction')
    throw refused(
      name,
      `may drop leases and tokens: maxmemory-policy is "${evictionPolicy}" and must be "noeviction"`,
    );
}

/** @throws HoldfastError `invalid_request` for one that is less than durable. */
export function checkDurable(name: string, { isDurable }: ServerFacts): void {
  if (isDurable === true) return;
  throw refused(
    name,
    isDurable === undefined
      ? 'does not report its persistence settings (CONFIG GET is forbidden); pass allowLossOnRestart to count each restart as a loss'
      : 'may lose what it answered when it restarts: set appendonly yes, appendfsync always and no-appendfsync-on-rewrite no, or pass allowLossOnRestart to count each restart as a loss',
  );
}

const refused = (name: string, why: string): HoldfastError =>
  new HoldfastError('invalid_request', `${name} cannot vote: it ${why}.`, { voter: name });
