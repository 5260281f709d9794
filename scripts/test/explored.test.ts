/** That the walk through small configurations can fail: faults that it finds in a second, planted. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { explored, walkWith } from '../mutants/explored.ts';
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

function rowOf(document: string, fault: string): Row {
  const row = document.split('\n').find((line) => line.startsWith(`| \`${fault}\``));
  const [, , configuration = '', promise = '', states = '', depth = ''] = (row ?? '')
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''));
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

  it('is written down for each fault that is explored', () => {
    for (const [name, configuration] of Object.entries(explored))
      assert.equal(rowOf(document, name).configuration, configuration, name);
  });
});
