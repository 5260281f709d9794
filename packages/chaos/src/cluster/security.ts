/** TLS between all, and keys: certificates of an authority of this cluster alone, and authentication that is on. */
import { Agent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { RunCertificates } from './certificates.ts';
import { askBy, environmentFor, shownFrom } from './shown.ts';
import type { AskUrl, ShownCredentials } from './shown.ts';

/** No promise: the leader raises the feature level when the members have met, and there are keys from then on. */
const levelWithinMs = 30_000;
const forNow: ReadonlySet<string> = new Set(['not_supported_yet', 'access_changed', 'not_leader']);
const worker = 'worker';
/** What clients of locks, of a queue and of a cache do. */
const workerRules = [
  { verb: 'read', kind: 'lock' },
  { verb: 'acquire', kind: 'lock' },
  { verb: 'push', kind: 'queue' },
  { verb: 'consume', kind: 'queue' },
  { verb: 'cache_read', kind: 'cache' },
  { verb: 'cache_write', kind: 'cache' },
] as const;

interface Keys {
  readonly administrator: string;
  readonly worker: string;
}

export class ClusterSecurity {
  readonly #certificates: RunCertificates;
  readonly #agent: Agent;
  #keys: Keys | undefined;

  private constructor(certificates: RunCertificates) {
    this.#certificates = certificates;
    this.#agent = new Agent({ keepAlive: true, ...this.#shown('').tls });
  }

  static async make(clusterFolder: string): Promise<ClusterSecurity> {
    return new ClusterSecurity(await RunCertificates.make(clusterFolder));
  }

  /** Settings of a node, whose certificate is made. */
  async environmentOf(nodeId: string): Promise<Readonly<Record<string, string>>> {
    const { authority, certificate, key } = await this.#certificates.ofNode(nodeId);
    return {
      HOLDFAST_TLS_CERTIFICATE: certificate,
      HOLDFAST_TLS_KEY: key,
      HOLDFAST_TLS_AUTHORITY: authority,
      HOLDFAST_SECURITY_AUTHENTICATION: 'required',
    };
  }

  /** Turns authentication on, and makes a key that permits what clients do. */
  async enable(urls: readonly string[]): Promise<void> {
    const { tls } = this.#shown('');
    const first = await connect({ endpoints: urls, tls });
    const root = { identity: 'administrator', roles: ['admin'] };
    const { key: administrator } = await persist(() => first.call('auth_create_key', root));
    await first.close();
    await using client = await connect({ endpoints: urls, tls, apiKey: administrator });
    await persist(() => client.call('auth_enable', {}));
    for (const rule of workerRules)
      await persist(() => client.call('auth_grant', { role: worker, ...rule }));
    const body = { identity: worker, roles: [worker] };
    const { key } = await persist(() => client.call('auth_create_key', body));
    this.#keys = { administrator, worker: key };
  }

  get administrator(): ShownCredentials {
    return this.#shown(this.#made.administrator);
  }

  /** What clients show. */
  get worker(): ShownCredentials {
    return this.#shown(this.#made.worker);
  }

  /** What processes of clients are started with. */
  get clientEnvironment(): Readonly<Record<string, string>> {
    return environmentFor(this.#certificates.files, this.#made.worker);
  }

  /** As an administrator; before there is one, as whoever has the certificate of a client. */
  readonly ask: AskUrl = (url, init) => this.askAs(this.#keys?.administrator ?? '')(url, init);

  askAs(apiKey: string): AskUrl {
    return askBy(this.#agent, apiKey);
  }

  close(): void {
    this.#agent.destroy();
  }

  get #made(): Keys {
    if (this.#keys === undefined) throw new Error('Authentication is not on yet.');
    return this.#keys;
  }

  #shown(apiKey: string): ShownCredentials {
    return shownFrom(this.#certificates.files, apiKey);
  }
}

/**
 * Again where it was refused for now: there are no keys yet, or the node that was asked has not heard of a change a moment ago.
 */
async function persist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (const deadlineMs = performance.now() + levelWithinMs; ; await pause(50)) {
    try {
      return await ask();
    } catch (error) {
      const isForNow = error instanceof HoldfastError && forNow.has(error.code);
      if (!isForNow || performance.now() > deadlineMs) throw error;
    }
  }
}
