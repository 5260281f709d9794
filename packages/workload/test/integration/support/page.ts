/** Runs a module of the built client in Chromium: serves it, and waits for what the page tells. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../../../', import.meta.url));
const longestMs = 30_000;

export function findChromium(): string | undefined {
  return ['chromium', 'chromium-browser', 'google-chrome'].find(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
}

/** The parts of the manifests that say where a browser finds what is imported. */
interface Manifest {
  /** In place of what Node gets. */
  readonly imports: Readonly<Record<string, { readonly browser: { readonly default: string } }>>;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
}

const manifestOf = async (name: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as Manifest;

/** As a bundler would resolve them for a browser: read from the manifests of the client and the protocol. */
async function browserImports(): Promise<Record<string, string>> {
  const { imports } = await manifestOf('client');
  const { exports } = await manifestOf('protocol');
  const own = Object.entries(imports).map(
    ([name, { browser }]) => [name, join('/client', browser.default)] as const,
  );
  const ofProtocol = Object.entries(exports).map(
    ([path, file]) => [join('@holdfast/protocol', path), join('/protocol', file.default)] as const,
  );
  return {
    ...Object.fromEntries([...own, ...ofProtocol]),
    '@holdfast/client': '/client/dist/index.js',
  };
}

function pageOf(imports: Readonly<Record<string, string>>, script: string): string {
  return `<!doctype html><title>client</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
const tell = (told) => fetch('/told', { method: 'POST', body: JSON.stringify(told) });
try { ${script} } catch (error) { await tell({ error: String(error) }); }
</script>`;
}

export interface Page extends AsyncDisposable {
  readonly origin: string;
  /** Opens the page in Chromium; `script` is a module's text and calls \`tell(value)\` once. */
  run(chromium: string, script: string): Promise<unknown>;
}

export async function servePage(): Promise<Page> {
  const imports = await browserImports();
  let text = '';
  let resolveTold: (told: unknown) => void = () => undefined;
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        resolveTold(JSON.parse(body));
        response.end();
      });
      return;
    }
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(text);
      return;
    }
    readFile(join(packages, normalize(path))).then(
      (file) => response.setHeader('content-type', 'text/javascript').end(file),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    origin,
    async run(chromium, script) {
      text = pageOf(imports, script);
      const told = new Promise<unknown>((resolve) => {
        resolveTold = resolve;
      });
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
      const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'];
      const quiet = ['--no-first-run', '--disable-background-networking', '--disable-sync'];
      const browser = spawn(
        chromium,
        [...flags, ...quiet, '--disable-component-update', `--user-data-dir=${folder}`, origin],
        { stdio: 'ignore', env: { ...process.env, TMPDIR: folder } },
      );
      try {
        return await Promise.race([
          told,
          new Promise((_resolve, reject) => {
            setTimeout(
              () => reject(new Error(`The page told nothing in ${String(longestMs)} ms.`)),
              longestMs,
            ).unref();
          }),
        ]);
      } finally {
        browser.kill('SIGKILL');
        await once(browser, 'exit');
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
