/** The pages of docs/primitives: all that they show is run as it stands there. See page.ts for how. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settings } from '@holdfast/server';
import { difference, pagesFolder, readPage } from './page.ts';
import type { Page } from './page.ts';
import { Reader, workFolder } from './reader.ts';

const root = new URL('../../../../../', import.meta.url);
const pages = readdirSync(pagesFolder)
  .filter((name) => name.endsWith('.md'))
  .map(readPage);

describe('The pages of the primitives', { concurrency: 3 }, () => {
  for (const page of pages) describeExamples(page);
});

function describeExamples(page: Page): void {
  describe(page.name, { concurrency: 1 }, () => {
    let reader: Reader;
    before(async () => {
      reader = await Reader.start();
    });
    after(() => reader.close());

    for (const step of page.steps)
      it(`shows what line ${String(step.line)} does: ${titleOf(step.source)}`, async () => {
        const printed = await reader.run(step);
        const wrong = difference(step, printed);
        assert.ok(
          wrong === undefined,
          `docs/primitives/${page.name}, line ${String(step.line)}:\n${step.source}${wrong ?? ''}\nIt printed\n${printed.trimEnd()}`,
        );
      });
  });
}

function titleOf(source: string): string {
  return (source.split('\n').find((line) => !/^(?:#|import|$)/.test(line)) ?? '').slice(0, 80);
}

const pageAt = (name: string): URL => new URL(name, pagesFolder);

/** As GitHub makes it from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe('Each page of a primitive', () => {
  const spec = readFileSync(new URL('SPEC.md', root), 'utf8');
  const rules = new Set([...spec.matchAll(/^\*\*([A-Z]\d+)\.\*\*/gm)].map((match) => match[1]));
  const index = readFileSync(new URL('docs/README.md', root), 'utf8');

  for (const { name, text, steps } of pages) {
    const commands = steps.filter(({ kind }) => kind === 'bash').map(({ source }) => source);

    it(`${name} is in the index of the documents`, () => {
      assert.ok(index.includes(`](primitives/${name})`), `docs/README.md has no link to ${name}.`);
    });

    it(`${name} has an example in curl, TypeScript and the command line, and tells what fails`, () => {
      assert.match(commands.join('\n'), /\bcurl /);
      assert.match(commands.join('\n'), /\bholdfast /);
      assert.ok(steps.some(({ kind }) => kind === 'ts'));
      assert.match(text, /^## When something fails$/m);
    });

    it(`${name} names the rules of SPEC.md for its promises, and each of them exists`, () => {
      const [, promises = ''] = /^## What it promises$([^]*?)^## /m.exec(text) ?? [];
      const items = [...promises.matchAll(/^\d+\. (?:.+\n)+/gm)].map(([item]) => item);
      assert.ok(items.length > 0, 'There are numbered promises.');
      for (const item of items) {
        const named = /\(([A-Z]\d+(?:, [A-Z]\d+)*)\)\s*$/.exec(item)?.[1]?.split(', ') ?? [];
        assert.ok(named.length > 0, `This promise ends with no rule, like (X1, S3):\n${item}`);
        for (const rule of named) assert.ok(rules.has(rule), `SPEC.md has no rule ${rule}.`);
      }
    });

    it(`${name} tells the defaults of the settings as they are`, () => {
      for (const [, key = '', value = '', unit] of text.matchAll(
        /^\| `([a-z]+\.[a-z_]+)`\s*\| ([\d,]+)(?: (MiB))?\s*\|/gm,
      )) {
        const setting = settings.find((one) => one.key === key);
        assert.ok(setting !== undefined, `There is no setting ${key}.`);
        const factor = unit === 'MiB' ? 1024 * 1024 : 1;
        assert.equal(Number(value.replaceAll(',', '')) * factor, setting.default, key);
      }
    });
  }

  it('links to places that exist', () => {
    const documents = [new URL('docs/README.md', root), ...pages.map(({ name }) => pageAt(name))];
    for (const document of documents) {
      const text = readFileSync(document, 'utf8');
      for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? document : new URL(path, document);
        assert.ok(existsSync(file), `${fileURLToPath(document)} links to ${target}.`);
        if (anchor === undefined) continue;
        const anchors =
          readFileSync(file, 'utf8')
            .match(/^#+ .+$/gm)
            ?.map(anchorOf) ?? [];
        assert.ok(anchors.includes(anchor), `${fileURLToPath(document)} links to ${target}.`);
      }
    }
  });

  it('shows TypeScript of which the types are right', (t) => {
    const folder = workFolder();
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'examples'));
    for (const { name, steps } of pages)
      for (const { kind, line, source } of steps)
        if (kind === 'ts')
          writeFileSync(join(folder, 'examples', `${name}-line-${String(line)}.ts`), source);
    const base = fileURLToPath(new URL('tsconfig.base.json', root));
    const compilerOptions = {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: base, compilerOptions, include: ['examples'] }),
    );
    const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root));
    const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', folder], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
  });
});

describe('What an example prints', () => {
  const step = (prints: string | undefined) =>
    ({ line: 1, kind: 'bash', source: '', prints }) as const;

  it('is compared letter by letter but for what … stands for', () => {
    assert.equal(
      difference(step('{"fence_token":1,…}'), '{"fence_token":1,"revision":7}'),
      undefined,
    );
    assert.match(
      difference(step('{"fence_token":1,…}'), '{"fence_token":2,"revision":7}') ?? '',
      /shows/,
    );
    assert.match(difference(step('a'), 'a\nb') ?? '', /shows/);
  });

  it('may be anything where nothing is told, but not a failure', () => {
    assert.equal(difference(step(undefined), 'anything'), undefined);
    assert.match(difference(step(undefined), 'curl: no\nexit status 7') ?? '', /failed/);
    assert.match(difference(step(undefined), '{"code":"lock_held"}') ?? '', /failed/);
  });
});
