/** A program in a page of Chromium, from an origin of this machine. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const patienceMs = 90_000;
const page = `<!doctype html><meta charset="utf-8"><script>
const tell = (text) => fetch('/told', { method: 'POST', body: text });
addEventListener('unhandledrejection', ({ reason }) => tell('rejected: ' + reason));
addEventListener('error', ({ message }) => tell('failed: ' + message));
</script><script type="module" src="/program.js"></script>`;

/** Runs a program in a page. @returns What it tells; undefined where there is no browser. */
type Show = (program: string) => Promise<string | undefined>;

export async function runInBrowser(
  act: (origin: string, show: Show) => Promise<void>,
): Promise<void> {
  let script = '';
  let told: (text: string) => void = () => undefined;
  const server = createServer((request, response) => {
    if (request.url === '/told') {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => told(text));
      response.end();
    } else if (request.url === '/program.js')
      response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  try {
    await act(origin, (program) => {
      script = program;
      return show(origin, new Promise((resolve) => (told = resolve)));
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function show(origin: string, told: Promise<string>): Promise<string | undefined> {
  const program = ['chromium', 'chromium-browser', 'google-chrome'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  if (program === undefined) return undefined;
  const profile = mkdtempSync(join(tmpdir(), 'holdfast-browser-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
  const browser = spawn(program, [...flags, origin], { stdio: 'ignore' });
  const ended = once(browser, 'exit');
  const timer = new AbortController();
  const tooLate = new Promise<string>((resolve) => {
    const late = setTimeout(() => resolve('The page told nothing in time.'), patienceMs);
    timer.signal.addEventListener('abort', () => clearTimeout(late));
  });
  try {
    return await Promise.race([told, tooLate]);
  } finally {
    timer.abort();
    browser.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true });
  }
}
