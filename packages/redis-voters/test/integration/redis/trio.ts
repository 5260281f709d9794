/** Three Redis servers, and what the tests do with them. */
import { createClient } from '@redis/client';
import { Quorum } from '@holdfast/quorum-client';
import type { LeaseAsk, QuorumOptions, Voter } from '@holdfast/quorum-client';
import { admitRedisServers, redisVoters } from '@holdfast/redis-voters';
import type { AdmitOptions, AdmittedServer, RedisVoter } from '@holdfast/redis-voters';
import type { RedisVoterOptions } from '@holdfast/redis-voters';
import { RedisServer } from './redis-server.ts';

export const soon = (ms = 5000): AbortSignal => AbortSignal.timeout(ms);

export const ask = (resource: string, leaseId: string, ttlMs = 1000): LeaseAsk => ({
  resource,
  leaseId,
  ttlMs,
  clientId: 'the test',
  waiterId: leaseId,
  isNext: false,
});

export class Trio implements AsyncDisposable {
  readonly servers: readonly RedisServer[];
  readonly #voters: RedisVoter[] = [];
  readonly #settings: Partial<AdmitOptions>;

  private constructor(servers: readonly RedisServer[], settings: Partial<AdmitOptions>) {
    this.servers = servers;
    this.#settings = settings;
  }

  /** Not admitted yet. */
  static async start(
    redisSettings: readonly string[],
    settings: Partial<AdmitOptions> = {},
  ): Promise<Trio> {
    const starting = [1, 2, 3].map(() => RedisServer.start(redisSettings));
    return new Trio(await Promise.all(starting), settings);
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  server(place: number): RedisServer {
    const server = this.servers[place];
    if (server === undefined) throw new Error(`There is no server ${String(place)}.`);
    return server;
  }

  admit(options: Partial<AdmitOptions> = {}): Promise<readonly AdmittedServer[]> {
    const all = { createClient, longestTtlMs: 300, floorToken: 0, ...this.#settings, ...options };
    return admitRedisServers(this.urls, all);
  }

  voters(options: Partial<RedisVoterOptions> = {}): readonly RedisVoter[] {
    const { allowLossOnRestart = false } = this.#settings;
    const voters = redisVoters(this.urls, {
      createClient,
      allowLossOnRestart,
      onRefused: () => undefined,
      ...options,
    });
    this.#voters.push(...voters);
    return voters;
  }

  voter(place: number, options: Partial<RedisVoterOptions> = {}): RedisVoter {
    const voter = this.voters(options)[place];
    if (voter === undefined) throw new Error(`There is no voter ${String(place)}.`);
    return voter;
  }

  quorum(options: QuorumOptions = {}): Quorum {
    return new Quorum({ voters: this.voters(), ttlMs: 1000, driftBufferMs: 50, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const voter of this.#voters) voter.close();
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

/** The same voters; counts what is asked of them. */
export function counting(voters: readonly Voter[]): {
  readonly voters: readonly Voter[];
  readonly counts: { acquires: number; confirms: number };
} {
  const counts = { acquires: 0, confirms: 0 };
  const counted = voters.map((voter): Voter => ({
    name: voter.name,
    acquire: (wanted, signal) => {
      counts.acquires += 1;
      return voter.acquire(wanted, signal);
    },
    confirm: (lease, token, signal) => {
      counts.confirms += 1;
      return voter.confirm(lease, token, signal);
    },
    renew: (lease, ttlMs, signal) => voter.renew(lease, ttlMs, signal),
    release: (lease, signal) => voter.release(lease, signal),
  }));
  return { voters: counted, counts };
}
