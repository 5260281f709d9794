/** TLS of lease nodes and whoever asks them, with certificates of an authority of this run alone, and the key that all show. */
import { randomBytes } from 'node:crypto';
import { Agent } from 'node:https';
import { fetchWith } from '@holdfast/client/parts';
import { RunCertificates } from '../cluster/certificates.ts';
import { askBy, environmentFor, shownFrom } from '../cluster/shown.ts';
import type { AskUrl, ShownCredentials } from '../cluster/shown.ts';

export class QuorumSecurity {
  readonly #certificates: RunCertificates;
  readonly #shown: ShownCredentials;
  readonly #agent: Agent;

  private constructor(certificates: RunCertificates) {
    this.#certificates = certificates;
    this.#shown = shownFrom(certificates.files, randomBytes(32).toString('base64url'));
    this.#agent = new Agent({ keepAlive: true, ...this.#shown.tls });
  }

  static async make(folder: string): Promise<QuorumSecurity> {
    return new QuorumSecurity(await RunCertificates.make(folder));
  }

  /** Options of a node, whose certificate is made; whoever asks it has to show one. */
  async optionsOf(nodeId: string): Promise<readonly string[]> {
    const { authority, certificate, key } = await this.#certificates.ofNode(nodeId);
    return ['--tls-cert', certificate, '--tls-key', key, '--tls-authority', authority];
  }

  /** Of a node: the key is never on its command line. */
  get nodeEnvironment(): Readonly<Record<string, string>> {
    return { HOLDFAST_API_KEY: this.apiKey };
  }

  /** What processes of clients are started with. */
  get clientEnvironment(): Readonly<Record<string, string>> {
    return environmentFor(this.#certificates.files, this.apiKey);
  }

  get apiKey(): string {
    return this.#shown.apiKey;
  }

  get ask(): AskUrl {
    return askBy(this.#agent, this.apiKey);
  }

  /** With a connection for each request, and without the key. */
  get fetchAny(): ReturnType<typeof fetchWith> {
    return fetchWith(this.#shown.tls);
  }

  close(): void {
    this.#agent.destroy();
  }
}
