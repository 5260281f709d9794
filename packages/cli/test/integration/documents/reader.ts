/** Somebody who follows a page: a node, a shell, and what is needed to run programs that use the client. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Step } from './page.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** The node that all pages ask. */
const printedUrl = 'http://127.0.0.1:8080';
const stepTimeoutMs = 30_000;
/** So that the many short processes need not read the same sources again and again. */
const compileCache = mkdtempSync(join(tmpdir(), 'holdfast-documents-compiled-'));
process.on('exit', () => rmSync(compileCache, { recursive: true, force: true }));

/** A folder in which a program finds '@holdfast/client'. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-documents-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  return folder;
}

/** What the surroundings set must not change what the pages show. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
  return { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: compileCache, ...more };
}

export class Reader {
  readonly #folder: string;
  readonly #url: string;
  readonly #node: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #shell: ChildProcess;
  readonly #shellLines: Interface;
  #steps = 0;

  private constructor(folder: string, url: string, node: ChildProcess) {
    this.#folder = folder;
    this.#url = url;
    this.#node = node;
    this.#environment = environment({
      HOLDFAST_ENDPOINTS: url,
      PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      USER: 'reader',
    });
    const shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#shell = shell;
    this.#shellLines = createInterface({ input: shell.stdout });
    shell.stdin.write(`set -uo pipefail\ntrap 'echo "exit status $?"' ERR\n`);
  }

  /** Starts a node with nothing in it. */
  static async start(): Promise<Reader> {
    const folder = workFolder();
    mkdirSync(join(folder, 'bin'));
    const holdfast = join(folder, 'bin', 'holdfast');
    writeFileSync(
      holdfast,
      `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`,
    );
    chmodSync(holdfast, 0o755);
    const node = spawn(
      holdfast,
      ['server', '--json', '--http-port', '0', '--storage-folder', join(folder, 'node')],
      {
        cwd: folder,
        // Several nodes run at once; gRPC has a port of its own.
        env: environment({ HOLDFAST_LOG_LEVEL: 'error', HOLDFAST_GRPC_ENABLED: 'false' }),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    for await (const line of createInterface({ input: node.stdout })) {
      const { ready, url } = JSON.parse(line) as {
        readonly ready?: boolean;
        readonly url?: string;
      };
      if (ready !== true || url === undefined) continue;
      await untilReady(url);
      return new Reader(folder, url, node);
    }
    rmSync(folder, { recursive: true, force: true });
    throw new Error('The node ended before it was ready.');
  }

  async close(): Promise<void> {
    for (const child of [this.#shell, this.#node]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs a step as it stands on the page; resolves with what it printed, as the page would show it. */
  async run({ kind, source }: Step): Promise<string> {
    this.#steps += 1;
    const name = `step-${String(this.#steps)}`;
    const path = join(this.#folder, `${name}.${kind === 'ts' ? 'ts' : 'sh'}`);
    // The last line: a step that fails is told once, by its own command.
    const last = kind === 'ts' ? '' : ':\n';
    writeFileSync(path, source.replaceAll(printedUrl, this.#url) + last);
    const printed = kind === 'ts' ? await this.#runProgram(path) : await this.#runCommands(path);
    return printed.replaceAll(this.#url, printedUrl);
  }

  async #runProgram(path: string): Promise<string> {
    const child = spawn(process.execPath, ['--conditions=source', path], {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: stepTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
    return status === 0 ? printed : `${printed}\nexit status ${String(status ?? signal)}`;
  }

  async #runCommands(path: string): Promise<string> {
    const output = `${path}.out`;
    this.#shell.stdin?.write(`. '${path}' >'${output}' 2>&1 </dev/null\necho done\n`);
    const signal = AbortSignal.timeout(stepTimeoutMs);
    try {
      await Promise.race([
        once(this.#shellLines, 'line', { signal }),
        once(this.#shell, 'close', { signal }).then(() => {
          throw new Error('The shell ended.');
        }),
      ]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${why} It printed\n${readFileSync(output, 'utf8')}`, { cause: error });
    }
    return readFileSync(output, 'utf8');
  }
}

async function untilReady(url: string): Promise<void> {
  for (const signal = AbortSignal.timeout(stepTimeoutMs); ; signal.throwIfAborted()) {
    const answer = await fetch(`${url}/readyz`, { signal });
    await answer.body?.cancel();
    if (answer.ok) return;
  }
}
