import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { explain, failureText } from '../../src/failure.ts';
import { readAllGroups } from '../../src/groups.ts';
import { NodeTooOldError, refuseOldNode, serverNodeMajor } from '../../src/node-version.ts';
import { buildProgram } from '../../src/program.ts';

const program = buildProgram(() => assert.fail('nothing is run here'), await readAllGroups());

function commandOf(words: string): (typeof program.commands)[number] {
  let at: (typeof program.commands)[number] = program;
  for (const word of words.split(' ')) {
    const next = at.commands.find((command) => command.name() === word);
    assert.ok(next !== undefined, words);
    at = next;
  }
  return at;
}

const enginesOf = (name: string): string => {
  const text = readFileSync(new URL(`../../../${name}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly engines: { readonly node: string } }).engines.node;
};

describe('a command on an older Node', () => {
  for (const words of [
    'server',
    'cluster',
    'restore',
    'doctor',
    'inspect',
    'auth recover',
    'quorum-node',
    'quorum-cluster',
    'quorum reconfigure',
  ])
    it(`is refused in one line where it needs a server: ${words}`, () => {
      assert.throws(() => {
        refuseOldNode(commandOf(words), '20.19.0');
      }, NodeTooOldError);
      refuseOldNode(commandOf(words), `${String(serverNodeMajor)}.0.0`);
    });

  for (const words of [
    'lock run',
    'lock status',
    'quorum status',
    'auth status',
    'status',
    'backup',
    'top',
  ])
    it(`runs where it is a client's: ${words}`, () => {
      refuseOldNode(commandOf(words), '20.0.0');
    });

  it('is told in one line, with the Node that there is and the one that is needed', () => {
    const failure = explain(new NodeTooOldError('needs Node 24, and this is Node 20.'), []);
    assert.equal(failure.status, 1);
    assert.equal(failureText(failure, false), 'holdfast: needs Node 24, and this is Node 20.\n');
  });

  it('is the Node that the packages say', () => {
    for (const name of ['server', 'quorum', 'engine', 'api'])
      assert.equal(enginesOf(name), `>=${String(serverNodeMajor)}`);
    for (const name of ['cli', 'client', 'protocol'])
      assert.equal(enginesOf(name), name === 'protocol' ? '>=20' : '>=20.9');
  });
});
