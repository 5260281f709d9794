import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setOfNodes } from '@holdfast/protocol';
import { startLeaseNode } from '../../../src/start.ts';
import type { LeaseNodeOptions, RunningLeaseNode } from '../../../src/start.ts';

export interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface StartedNode extends RunningLeaseNode {
  /** Resolves when it logs that it votes. */
  readonly votes: Promise<void>;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

const members = ['a', 'b', 'c'];
export const nameOf = (name: string): string => `http://${name}:5001`;
/** The set of a, b and c. */
export const ownSet = setOfNodes(1, members.map(nameOf));

/** Lease nodes on free ports, with files of their own that outlive them. */
export class LeaseNodes {
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-nodes-'));
  readonly #urls = new Map<string, string>();
  readonly #running = new Set<RunningLeaseNode>();

  file(name: string): string {
    return join(this.#folder, `${name}.sqlite`);
  }

  lose(name: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(this.file(name) + suffix, { force: true });
  }

  damage(name: string): void {
    const bytes = readFileSync(this.file(name));
    writeFileSync(this.file(name), bytes.fill('garbage', 4096));
  }

  async start(name: string, options: Partial<LeaseNodeOptions> = {}): Promise<StartedNode> {
    let vote: () => void = () => undefined;
    const votes = new Promise<void>((resolve) => (vote = resolve));
    const warnings: string[] = [];
    const notes: string[] = [];
    const node = await startLeaseNode({
      file: this.file(name),
      host: '127.0.0.1',
      port: 0,
      advertise: nameOf(name),
      peers: members.filter((member) => member !== name).map(nameOf),
      reach: (member) => this.#urls.get(member),
      log: {
        info: (_fields, message) => {
          notes.push(message);
          if (message === 'This node votes.') vote();
        },
        warn: (_fields, message) => void warnings.push(message),
        error: (_fields, message) => void warnings.push(message),
      },
      ...options,
    });
    this.#running.add(node);
    this.#urls.set(nameOf(name), node.url);
    return {
      url: node.url,
      isVoting: node.isVoting,
      reload: node.reload,
      votes,
      warnings,
      notes,
      close: async () => {
        if (this.#running.delete(node)) await node.close();
      },
    };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running].map((node) => node.close()));
    rmSync(this.#folder, { recursive: true });
  }
}

export async function ask(
  url: string,
  path: string,
  body?: object,
  { signal, headers = {} }: { signal?: AbortSignal; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const response = await fetch(url + path, {
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined
      ? { headers }
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(body),
        }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Answered['body'],
  };
}
