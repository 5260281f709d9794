/** Somebody who follows docs/security.md: a folder, a terminal in which what was set stays set, and nodes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const commandTimeoutMs = 60_000;
const askTimeoutMs = 70_000;
const unavailable = 503;

export interface Pair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Asked {
  readonly key?: string | undefined;
  /** Absent: it is a GET. */
  readonly body?: object;
  /** False: none is shown. */
  readonly certificate?: boolean;
}

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class SecuredReader {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'holdfast-security-page-'));
  readonly #environment: NodeJS.ProcessEnv;
  readonly #settings: string[] = [];

  constructor() {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    const holdfast = join(bin, 'holdfast');
    writeFileSync(
      holdfast,
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`,
    );
    chmodSync(holdfast, 0o755);
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
    this.#environment = {
      ...Object.fromEntries(inherited),
      NODE_COMPILE_CACHE: join(this.folder, 'compiled'),
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    };
  }

  /** A line that sets something for all commands after it. */
  set(line: string): void {
    this.#settings.push(line);
  }

  begin(line: string): ChildProcess {
    return spawn('bash', ['--noprofile', '--norc', '-c', [...this.#settings, line].join('\n')], {
      cwd: this.folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: commandTimeoutMs,
    });
  }

  /** @returns What it printed. */
  async run(line: string): Promise<string> {
    const child = this.begin(line);
    assert.ok(child.stdout !== null && child.stderr !== null);
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    assert.equal(child.exitCode, 0, `${line}\n${stdout}${stderr}`);
    return stdout;
  }

  /** When it said the first word, by `performance.now()`. It has to succeed. */
  async tells(child: ChildProcess): Promise<number> {
    assert.ok(child.stdout !== null && child.stderr !== null);
    let atMs: number | undefined;
    child.stdout.on('data', () => (atMs ??= performance.now()));
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.equal(child.exitCode, 0, stderr);
    return atMs ?? assert.fail('It printed nothing.');
  }

  /** A node as on a machine of its own, with a folder of its own. */
  start(command: string, place: number): ChildProcess {
    const log = openSync(this.#logOf(place), 'a');
    const child = spawn('bash', ['--noprofile', '--norc', '-c', `exec ${command}`], {
      cwd: join(this.folder, `machine-${String(place)}`),
      env: this.#environment,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return child;
  }

  log(place: number): string {
    return readFileSync(this.#logOf(place), 'utf8').slice(-2000);
  }

  #logOf(place: number): string {
    return join(this.folder, `machine-${String(place)}.log`);
  }

  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What a client has, or somebody else. */
  pair(name = 'reports'): Pair {
    const read = (name: string): string => readFileSync(join(this.folder, 'tls', name), 'utf8');
    return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) };
  }

  /** The answer as it begins. */
  async open(url: string, path: string, asked: Asked = {}): Promise<IncomingMessage> {
    const { key, body, certificate = true } = asked;
    const { ca, ...shown } = this.pair();
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(url + path, {
      ca,
      ...(certificate ? shown : {}),
      agent: false,
      method: sent === undefined ? 'GET' : 'POST',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(sent === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
      },
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    outgoing.end(sent);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    // Whoever reads it is told.
    outgoing.on('error', () => undefined);
    return answer;
  }

  /** Asks again where nobody leads: on a machine that others use much that comes and goes. */
  async ask(url: string, path: string, asked: Asked = {}): Promise<Answered> {
    for (const deadlineMs = performance.now() + askTimeoutMs; ; await pause(50)) {
      const answer = await this.open(url, path, asked);
      const told: unknown = JSON.parse(await text(answer));
      assert.ok(typeof told === 'object' && told !== null);
      const { statusCode: status = 0 } = answer;
      if (status !== unavailable || performance.now() > deadlineMs)
        return { status, body: { ...told } };
    }
  }
}
