/** That the walk through small configurations can fail: faults that it finds in a second, planted. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { explored, walk, walkWith } from '../mutants/explored.ts';
import { copySources } from '../mutants/plant.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const longestMs = 120_000;

/** As docs/explore.md states it. */
interface Row {
  readonly configuration: string;
  readonly promise: string;
  readonly states: string;
  readonly depth: string;
}

function cellsOf(document: string, name: string): readonly string[] {
  const row = document.split('\n').find((line) => line.startsWith(`| \`${name}\``));
  const cells = (row ?? '').split('|').slice(2, -1);
  return cells.map((cell) => cell.trim().replaceAll('`', ''));
}

function rowOf(document: string, fault: string): Row {
  const [configuration = '', promise = '', states = '', depth = ''] = cellsOf(document, fault);
  return { configuration, promise, states, depth };
}

describe('The walk through a small configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-explored-'));
  const document = readFileSync(join(root, 'docs/explore.md'), 'utf8');
  before(() => copySources(root, folder));
  after(() => rmSync(folder, { recursive: true }));

  for (const name of ['membership-not-one-at-a-time', 'begins-with-files-of-one-round'])
    it(`finds ${name} within the states and at the depth that are written down`, () => {
      const { promise, states, depth } = rowOf(document, name);
      const { isBroken, lines, errors } = walkWith(folder, name, longestMs);
      assert.ok(isBroken, `${lines.join('\n')}\n${errors}`);
      const [summary = '', , , broken = '', ...way] = lines;
      assert.ok(summary.includes(`: ${states} distinct states, `), summary);
      assert.ok(summary.includes(`, depth ${depth}, `), summary);
      assert.ok(broken.startsWith(promise), broken);
      assert.ok(way.length > 0, 'the way to it is told');
    });

  for (const name of ['membership', 'joining'])
    it(`to the end of ${name} comes to the states and the depth that are written down`, () => {
      const [, states = '', depth = ''] = cellsOf(document, name);
      const { isBroken, lines, errors } = walk(folder, name, longestMs);
      const [summary = ''] = lines;
      assert.equal(isBroken, false, lines.join('\n'));
      assert.match(summary, /^every state within the bounds was seen: /, errors);
      assert.ok(summary.includes(`: ${states} distinct states, `), summary);
      assert.equal(`${/, depth (\d+), /.exec(summary)?.[1]}, end`, depth, summary);
    });

  it('is written down for each fault that is explored', () => {
    for (const [name, configuration] of Object.entries(explored))
      assert.equal(rowOf(document, name).configuration, configuration, name);
  });
});
