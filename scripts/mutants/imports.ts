/** Who imports whom, in sources and tests: which tests can notice a fault in a file, and how far they are from it. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Imports that stay at run time, and files that a thread or a process is started from. */
const importing =
  /(?:(?:import|export)\s+(?!type\b)(?:[\w*{}\s,$]+\s+from\s+)?|import\(\s*|new URL\(\s*)['"]([^'"]+)['"]/g;

export class Imports {
  readonly #root: string;
  /** By file: those that import it. */
  readonly #importers = new Map<string, string[]>();
  readonly #entries = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
    for (const manifest of globSync('packages/*/package.json', { cwd: root }))
      this.#readManifest(manifest);
    const files = globSync(['packages/*/src/**/*.ts', 'packages/*/test/**/*.ts'], { cwd: root });
    for (const file of files) this.#readFile(file);
  }

  /** By file: the number of imports between it and the given one, which is 0 from itself. */
  distancesFrom(file: string): ReadonlyMap<string, number> {
    const distances = new Map([[file, 0]]);
    const queue = [file];
    for (const next of queue) {
      const distance = (distances.get(next) ?? 0) + 1;
      for (const importer of this.#importers.get(next) ?? []) {
        if (distances.has(importer)) continue;
        distances.set(importer, distance);
        queue.push(importer);
      }
    }
    return distances;
  }

  #readManifest(path: string): void {
    const {
      name,
      exports,
      imports = {},
    } = JSON.parse(readFileSync(join(this.#root, path), 'utf8')) as {
      readonly name: string;
      readonly exports?: Readonly<Record<string, { readonly source?: string }>>;
      readonly imports?: Readonly<Record<string, { readonly source?: string }>>;
    };
    for (const [key, { source }] of Object.entries(imports))
      if (source !== undefined)
        this.#entries.set(`${dirname(path)}${key}`, join(dirname(path), source));
    for (const [key, { source }] of Object.entries(exports ?? {})) {
      if (source !== undefined)
        this.#entries.set(`${name}${key.slice(1)}`, join(dirname(path), source));
    }
  }

  #readFile(file: string): void {
    const text = readFileSync(join(this.#root, file), 'utf8');
    for (const [, target = ''] of text.matchAll(importing)) {
      const path = this.#pathOf(file, target);
      if (path === undefined || !path.endsWith('.ts') || !existsSync(join(this.#root, path)))
        continue;
      const importers = this.#importers.get(path);
      if (importers === undefined) this.#importers.set(path, [file]);
      else importers.push(file);
    }
  }

  /** `#name` is what the package itself says of it; of its forms the one for Node. */
  #pathOf(file: string, target: string): string | undefined {
    if (target.startsWith('.')) return join(dirname(file), target);
    if (!target.startsWith('#')) return this.#entries.get(target);
    const folder = file.split('/').slice(0, 2).join('/');
    return this.#entries.get(`${folder}${target}`);
  }
}
