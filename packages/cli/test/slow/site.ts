/** Nodes of this machine over TLS with authentication, for the commands of documents as they stand there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { blocksOf } from '../integration/documents/page.ts';
import { freePort } from '../integration/support/holdfast.ts';
import { WaitExpiredError } from '../../../checker/src/waits.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Many processes are started, on machines that may have much to do. */
const patienceMs = 150_000;
const documents = new URL('../../../../docs/', import.meta.url);

/** Blocks of a document that are run, without the indentation of the list that they stand in. */
export function commandsOf(name: string): readonly string[] {
  const text = readFileSync(new URL(name, documents), 'utf8');
  return blocksOf(text)
    .filter(({ kind }) => kind === 'sh')
    .map(({ lines }) => lines.map((line) => line.replace(/^ {3}/, '')).join('\n'));
}

export const blockWith = (blocks: readonly string[], part: string): string =>
  blocks.find((block) => block.includes(part)) ?? assert.fail(`No block has "${part}".`);

interface Ports {
  readonly http: number;
  readonly peers: number;
  readonly grpc: number;
}

/** Machines a to g: their names in the documents are ports of this one. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-runbooks-'));
  readonly #ports = new Map<string, Ports>();
  readonly #nodes = new Map<string, ChildProcess>();
  /** Up to which one nodes that are started from now on know; undefined: the latest. */
  featureLevel: number | undefined;

  /** Of the first start. */
  #members: readonly string[] = [];

  /** Three nodes, or one, with a key of an administrator, and a lock that is held. */
  async open(members: readonly string[] = ['a', 'b', 'c']): Promise<void> {
    this.#members = members;
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const [http, peers, grpc] = [await freePort(), await freePort(), await freePort()];
      this.#ports.set(id, { http, peers, grpc });
    }
    mkdirSync(join(this.folder, 'bin'));
    const program = join(this.folder, 'bin', 'holdfast');
    writeFileSync(
      program,
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`,
    );
    chmodSync(program, 0o755);
    await this.run(
      `holdfast cert init && holdfast cert node ${members.join(' ')} --host a.example && holdfast cert client ops`,
    );
    await Promise.all(members.map((id) => this.start(id, this.#command(id))));
    await this.run('holdfast auth enable --key-file admin.key', false);
    await this.run('holdfast lock acquire --client-id before --ttl 600 kept');
  }

  /** As docs/security.md starts a member. */
  #command(id: string): string {
    const peers = this.#members
      .filter((one) => one !== id)
      .map((one) => `${one}=${one}.example:7000`);
    return (
      `holdfast server --cluster-cluster-id shop --cluster-node-id ${id} --storage-folder /srv/holdfast ` +
      // One alone listens for no members.
      (peers.length === 0
        ? ''
        : `--cluster-listen ${id}.example:7000 --cluster-peers ${peers.join(',')} `) +
      `--http-host ${id}.example --http-advertise https://${id}.example:8080 ` +
      `--tls-certificate tls/${id}.crt --tls-key tls/${id}.key --tls-authority tls/ca.crt`
    );
  }

  restart(id: string): Promise<void> {
    return this.start(id, this.#command(id));
  }

  url(id: string): string {
    return `https://127.0.0.1:${String(this.#ports.get(id)?.http)}`;
  }

  #here(text: string): string {
    return text
      .replaceAll(
        /\b([a-f])\.example:8080/g,
        (_whole, id: string) => `127.0.0.1:${String(this.#ports.get(id)?.http)}`,
      )
      .replaceAll(
        /\b([a-f])\.example:7000/g,
        (_whole, id: string) => `127.0.0.1:${String(this.#ports.get(id)?.peers)}`,
      )
      .replaceAll(/\b[a-g]\.example\b/g, '127.0.0.1');
  }

  #environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
    const path = `${join(this.folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
    const cache = join(this.folder, 'compiled'); // Many processes read the same sources.
    return { ...Object.fromEntries(inherited), PATH: path, NODE_COMPILE_CACHE: cache, ...more };
  }

  /** What it prints. @param withKey Whether the administrator's key is there already. */
  async run(commands: string, withKey = true, machine = 'e'): Promise<string> {
    const script = this.#here(commands).replaceAll(
      /\/srv\/holdfast(?:-2)?/g,
      this.storage(machine),
    );
    const { folder } = this;
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: this.#environment({
        HOLDFAST_ENDPOINTS: ['a', 'b', 'c'].map((id) => this.url(id)).join(','),
        HOLDFAST_CA: join(folder, 'tls/ca.crt'),
        ...(script.includes('cert init && ')
          ? {}
          : { HOLDFAST_CERT: 'tls/ops.crt', HOLDFAST_KEY: 'tls/ops.key' }),
        ...(withKey && !script.includes('cert init && ')
          ? { HOLDFAST_API_KEY_FILE: 'admin.key' }
          : {}),
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let told = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (told += part));
    const [status] = (await once(child, 'close', { signal: AbortSignal.timeout(patienceMs) })) as [
      number | null,
    ];
    assert.equal(status, 0, `${script}\n${told}`);
    return told;
  }

  storage(id: string): string {
    return join(this.folder, `storage-${id}`);
  }

  /** Runs a block that starts a node, until it listens. */
  async start(id: string, block: string): Promise<void> {
    const { http, grpc } = this.#ports.get(id) ?? assert.fail(id);
    const script = this.#here(block).replaceAll(/\/srv\/holdfast(?:-2)?/g, this.storage(id));
    const child = spawn('bash', ['-c', `exec ${script}`], {
      cwd: this.folder,
      env: this.#environment({
        HOLDFAST_HTTP_PORT: String(http),
        HOLDFAST_GRPC_PORT: String(grpc),
        HOLDFAST_SECURITY_AUTHENTICATION: 'required',
        HOLDFAST_LOG_LEVEL: 'warn',
        ...(this.featureLevel === undefined
          ? {}
          : { HOLDFAST_TEST_FEATURE_LEVEL: String(this.featureLevel) }),
      }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#nodes.set(id, child);
    let told = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (part: string) => (told = (told + part).slice(-4000)));
    for (const end = Date.now() + patienceMs; ; await sleep(200)) {
      assert.equal(child.exitCode, null, `${script}\n${told}`);
      if (Date.now() > end) throw new WaitExpiredError(`${script}\n${told}`);
      if ((await this.ask(id, '/livez')).includes('"ok"')) return;
    }
  }

  async ask(id: string, path: string): Promise<string> {
    const files = ['--cacert', 'tls/ca.crt', '--cert', 'tls/ops.crt', '--key', 'tls/ops.key'];
    const asked = ['--silent', '--max-time', '10', ...files, `${this.url(id)}${path}`];
    const child = spawn('curl', asked, { cwd: this.folder, stdio: ['ignore', 'pipe', 'ignore'] });
    return text(child.stdout);
  }

  /** Until a command prints it. */
  async until(commands: string, wanted: RegExp): Promise<string> {
    let told = '';
    for (const end = Date.now() + patienceMs; ; await sleep(500)) {
      told = await this.run(commands).catch((error: unknown) => String(error));
      if (wanted.test(told)) return told;
      if (Date.now() > end) throw new WaitExpiredError(told);
    }
  }

  async kill(id: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#nodes.get(id);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'close');
    if (signal === 'SIGTERM') assert.equal(child.exitCode, 0);
  }

  async leader(): Promise<string> {
    const told = await this.run('holdfast status');
    return /^(\w) +leader /m.exec(told)?.[1] ?? assert.fail(told);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#nodes.keys()) await this.kill(id);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
