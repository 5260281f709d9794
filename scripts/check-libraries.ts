/** Every library that a package depends on has its line in docs/decisions/0009-libraries.md, and no other has. */
import { globSync, readFileSync } from 'node:fs';

const decision = 'docs/decisions/0009-libraries.md';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function used(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of ['package.json', ...globSync('packages/*/package.json')]) {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
      if (!name.startsWith('@holdfast/')) names.add(name);
  }
  return names;
}

function decided(): ReadonlySet<string> {
  const rows = readFileSync(decision, 'utf8').matchAll(/^\| (`[^|]+`) +\|/gm);
  return new Set(
    [...rows].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map((part) => part[1] ?? ''),
    ),
  );
}

const [inUse, inDecision] = [used(), decided()];
for (const name of inUse.difference(inDecision)) {
  console.error(`${name} is used and has no line in ${decision}: say what it was chosen over.`);
  process.exitCode = 1;
}
for (const name of inDecision.difference(inUse)) {
  console.error(`${name} has a line in ${decision} and is not used.`);
  process.exitCode = 1;
}
