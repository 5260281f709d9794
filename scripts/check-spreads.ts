/**
 * A list that is spread into a call is put on the stack whole: at about 120,000 members the call fails with
 * "Maximum call stack size exceeded", wherever it stands. So nothing is spread into a call (`push(...list)`,
 * `Math.max(...list)`, `new Set(...)`, `f.apply(it, list)`, `Reflect.apply(f, it, list)`) except
 *
 * - an array whose members are written out there (`[...list]` is as long as the list), or the rest parameter of a function around it, whose callers are
 *   looked at themselves;
 * - what is bounded for a reason that is told, in a comment on the line or the one before it:
 *   `// spread: at most one for each member of the cluster`.
 *
 * Spreading into arrays and objects is no call. Prints each place and ends with status 1.
 */
import { globSync, readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value;

function* childrenOf(node: Node): Iterable<Node> {
  for (const value of Object.values(node)) {
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) for (const one of value) if (isNode(one)) yield one;
  }
}

const nameOf = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Identifier' ? String(node['name']) : undefined;

/** The name of a function's rest parameter, if it has one. */
function restOf(node: Node): string | undefined {
  if (!Array.isArray(node['params'])) return undefined;
  const last: unknown = node['params'].at(-1);
  return isNode(last) && last.type === 'RestElement' ? nameOf(last['argument']) : undefined;
}

const reflected: Readonly<Record<string, number>> = { apply: 2, construct: 1 };

/** What is spread by a call itself: its spread arguments, and the list given to `apply` or by `Reflect`. */
function* spreadBy(call: Node): Iterable<Node> {
  const given: readonly unknown[] = Array.isArray(call['arguments']) ? call['arguments'] : [];
  for (const one of given)
    if (isNode(one) && one.type === 'SpreadElement' && isNode(one['argument']))
      yield one['argument'];
  const callee = call['callee'];
  if (!isNode(callee) || callee.type !== 'MemberExpression') return;
  const method = memberOf(callee);
  const isOfReflect = nameOf(callee['object']) === 'Reflect';
  const at = isOfReflect
    ? reflected[method]
    : method === 'apply' && given.length === 2
      ? 1
      : undefined;
  const list = at === undefined ? undefined : given[at];
  if (isNode(list)) yield list;
}

/** Of `a.name` and `a['name']`. */
function memberOf({ property }: Node): string {
  const value = isNode(property) ? property['value'] : undefined;
  return nameOf(property) ?? (typeof value === 'string' ? value : '');
}

/** Of an array that is written out: the lists that are spread into it in turn. Of anything else: itself. */
function* listsIn(spread: Node): Iterable<Node> {
  const elements: unknown = spread['elements'];
  if (spread.type !== 'ArrayExpression' || !Array.isArray(elements)) yield spread;
  else
    for (const one of elements as readonly unknown[])
      if (isNode(one) && one.type === 'SpreadElement' && isNode(one['argument']))
        yield* listsIn(one['argument']);
}

/** The places of one source, as sentences. */
export function spreads(path: string, source: string): string[] {
  const { program, errors } = parseSync(path, source);
  const found = errors.map(({ message }) => `${path}: it cannot be read: ${message}`);
  const lines = source.split('\n');
  const visit = (node: Node, rests: readonly string[]): void => {
    const rest = restOf(node);
    const inside = rest === undefined ? rests : [...rests, rest];
    if (node.type === 'CallExpression' || node.type === 'NewExpression')
      for (const spread of [...spreadBy(node)].flatMap((one) => [...listsIn(one)])) {
        if (inside.includes(nameOf(spread) ?? '')) continue;
        const line = source.slice(0, spread.start).split('\n').length;
        const near = [lines[line - 2] ?? '', lines[line - 1] ?? ''];
        if (near.some((text) => /\/\/ spread: \S/.test(text))) continue;
        found.push(
          `${path}:${String(line)}: a list is spread into a call: ${lines[line - 1]?.trim() ?? ''}`,
        );
      }
    for (const child of childrenOf(node)) visit(child, inside);
  };
  if (isNode(program)) visit(program, []);
  return found;
}

if (import.meta.main) {
  for (const path of globSync('packages/*/src/**/*.ts'))
    for (const place of spreads(path, readFileSync(path, 'utf8'))) {
      console.error(place);
      process.exitCode = 1;
    }
  if (process.exitCode === 1)
    console.error('Use a loop, or say why it is bounded: see scripts/check-spreads.ts.');
}
