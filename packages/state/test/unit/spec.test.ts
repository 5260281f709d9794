import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  holdEvents,
  holdLifecycle,
  holdStates,
  sessionEvents,
  sessionLifecycle,
  sessionStates,
} from '../../src/index.ts';
import type { Transition } from '../../src/index.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const specPath = `${root}SPEC.md`;
const spec = readFileSync(specPath, 'utf8');

function sources(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).map((path) => readFileSync(`${root}${path}`, 'utf8'));
}

/** One row for each event, one column for each state. */
function table<State extends string, Event extends string>(
  states: readonly State[],
  events: readonly Event[],
  cells: Readonly<Record<State, Readonly<Record<Event, Transition<State>>>>>,
): string {
  const rows = [
    ['event', ...states.map((state) => `\`${state}\``)],
    ['', ...states].map(() => '---'),
    ...events.map((event) => [
      `\`${event}\``,
      ...states.map((state) => {
        const { to, answer } = cells[state][event];
        return to === state ? answer : `→ \`${to}\`, ${answer}`;
      }),
    ]),
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function between(name: string): RegExp {
  return new RegExp(`(<!-- begin ${name} table -->\n)([^]*?)(<!-- end ${name} table -->)`);
}

const tables: readonly (readonly [string, string])[] = [
  ['session', table(sessionStates, sessionEvents, sessionLifecycle)],
  ['hold', table(holdStates, holdEvents, holdLifecycle)],
];

/** REWRITE=1 puts the tables of the code into SPEC.md. */
if (process.env['REWRITE'] === '1') {
  let text = spec;
  for (const [name, rows] of tables) text = text.replace(between(name), `$1\n${rows}\n\n$3`);
  writeFileSync(specPath, text);
}

/** Ignores how a formatter pads the columns. */
function squeezed(text: string): string {
  return text
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .trim();
}

interface Rule {
  readonly name: string;
  readonly text: string;
  readonly tests: readonly string[];
}

function rules(): readonly Rule[] {
  const found: Rule[] = [];
  for (const match of spec.matchAll(/\*\*([A-Z]\d+)\.\*\* ([^]*?)(?=\n\*\*[A-Z]\d|\n##|$)/g)) {
    const [, name = '', text = ''] = match;
    const [, noticed = ''] = /noticed by ([^]*)/.exec(text) ?? [];
    const tests = [...noticed.matchAll(/`([^`]+)`/g)].map(([, title = '']) =>
      title.replaceAll(/\s+/g, ' '),
    );
    found.push({ name, text, tests });
  }
  return found;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Titles of all tests; what is filled in when they run stands for anything. */
function titles(): readonly RegExp[] {
  const found: RegExp[] = [];
  for (const source of sources('packages/*/test/**/*.test.ts')) {
    for (const match of source.matchAll(/\b(?:test|it)\(\s*(['`"])(.*?)\1,/g)) {
      const parts = (match[2] ?? '').split(/\$\{[^}]*\}/).map(escaped);
      found.push(new RegExp(`^${parts.join('.+')}$`));
    }
  }
  return found;
}

describe('SPEC.md', () => {
  test('every rule names tests, and every test it names exists', () => {
    const known = titles();
    const all = rules();
    assert.ok(all.length > 30, String(all.length));
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length, 'a number is used once');
    for (const { name, tests } of all) {
      assert.notEqual(tests.length, 0, `${name} names a test`);
      for (const title of tests) {
        assert.ok(
          known.some((pattern) => pattern.test(title)),
          `${name} names the test "${title}", which does not exist`,
        );
      }
    }
  });

  test('every numbered rule of a module is named by a rule here', () => {
    const text = rules()
      .flatMap((rule) => [...rule.text.matchAll(/\(((?:[A-Z]+(?:-[A-Z]+)*-\d+(?:, |–)?)+)\)/g)])
      .map(([, names = '']) => names)
      .join(', ');
    const modules = sources('packages/state/src/**/*.ts');
    const code = modules.join('\n');
    for (const source of modules) {
      for (const [, name = ''] of source.matchAll(/^ \* ([A-Z]+(?:-[A-Z]+)*-\d+): /gm)) {
        assert.ok(text.split(', ').includes(name), `${name} of a module is not in SPEC.md`);
        const uses = code.split(new RegExp(`\\b${name}\\b`)).length - 1;
        assert.ok(
          uses > 1 || name === 'STATE-MACHINE-1',
          `${name} is cited where the code upholds it`,
        );
      }
    }
  });

  test('the tables in SPEC.md are those of the code', () => {
    for (const [name, rows] of tables) {
      const [, , written = ''] = between(name).exec(readFileSync(specPath, 'utf8')) ?? [];
      assert.equal(squeezed(written), squeezed(rows), `REWRITE=1 puts the ${name} table right`);
    }
  });
});

describe('the state machine', () => {
  test('the sources name no clock, randomness, timer or module from outside', () => {
    const impure =
      /\b(Date|Math\.random|performance|process|setTimeout|setInterval|setImmediate|crypto|fetch|globalThis)\b/;
    const folder = 'packages/state/src/';
    for (const path of globSync(`${folder}**/*.ts`, { cwd: root })) {
      const code = readFileSync(`${root}${path}`, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
      assert.doesNotMatch(code, impure);
      for (const [, from = ''] of code.matchAll(/\bfrom '([^']+)'/g)) {
        assert.match(from, /^\.\.?\//);
        assert.ok(join(dirname(path), from).startsWith(folder), 'imports stay inside the package');
      }
      assert.doesNotMatch(code, /\bimport\(/);
    }
  });
});
