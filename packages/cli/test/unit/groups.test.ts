import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { groups, readAllGroups, readGroupsFor } from '../../src/groups.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Tells on stderr which files were read, when the process ends. */
const teller = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const read = [];
  registerHooks({ load: (url, context, next) => { read.push(url); return next(url, context); } });
  process.on('exit', () => process.stderr.write(read.join('\\n')));
`)}`;

function filesReadBy(...words: readonly string[]): readonly string[] {
  const run = spawnSync(
    process.execPath,
    ['--import', teller, '--conditions=source', main, ...words],
    { encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  return run.stderr.split('\n');
}

const nothing = (): never => assert.fail('nothing is run here');

describe('the groups of commands', () => {
  it('add the commands that they are asked for by, and no others', async () => {
    for (const group of groups) {
      const program = new Command();
      (await group.read())(program, nothing);
      assert.deepEqual(
        program.commands.map((command) => command.name()),
        group.names,
      );
    }
  });

  const all = groups.length;
  const needed: readonly (readonly [string, number])[] = [
    ['lock run x -- server', 1],
    ['--json lock list', 1],
    ['--endpoint server lock list', 1],
    ['--endpoint=server lock list', 1],
    ['quorum-node --help', 1],
    ['--version', 0],
    ['-V', 0],
    ['--help', all],
    ['help lock', all],
    ['lokc list', all],
    ['completion bash', all],
    ['', all],
  ];
  for (const [words, count] of needed)
    it(`are ${count === all ? 'all' : String(count)} for "holdfast ${words}"`, async () => {
      const read = await readGroupsFor(words === '' ? [] : words.split(' '));
      assert.equal(read.length, count);
      if (count === 1) assert.ok((await readAllGroups()).includes(read[0] ?? nothing));
    });

  const serverOnly =
    /packages\/(?:server\/src\/(?!version)|storage\/src\/(?!files|disk-error|private-files)|api|engine|quorum|state|raft)\/|node_modules\/(?:fastify|zod|pino|yaml|ajv|@grpc|@redis)\/|node:sqlite/;
  for (const words of ['--version', 'lock run --help', 'status --help', 'quorum status --help'])
    it(`read nothing of a server for "holdfast ${words}" (START-1)`, () => {
      const read = filesReadBy(...words.split(' '));
      assert.ok(read.some((url) => url.endsWith('cli/src/program.ts')));
      assert.deepEqual(
        read.filter((url) => serverOnly.test(url)),
        [],
      );
    });

  // Each file costs about a millisecond of a start.
  const most: readonly (readonly [string, number])[] = [
    ['--version', 50],
    ['lock status --help', 65],
    ['session create --help', 58],
    ['quorum status --help', 75],
  ];
  for (const [words, count] of most)
    it(`read at most ${String(count)} files for "holdfast ${words}" (START-1)`, () => {
      const read = filesReadBy(...words.split(' '));
      assert.ok(read.length <= count, `${String(read.length)}:\n${read.join('\n')}`);
    });

  // Both cost as much as all other files of a command together.
  for (const words of ['lock status --help', 'lock run --help', 'queue work --help'])
    it(`read neither the widths of wide characters nor what runs a command for "holdfast ${words}" (START-1)`, () => {
      const read = filesReadBy(...words.split(' '));
      assert.deepEqual(
        read.filter((url) =>
          /string-width|cli\/src\/run\/(?:run-held|guarded-command)\.ts/.test(url),
        ),
        [],
      );
    });

  it('read at most 125 files for a client that connects (START-1)', () => {
    const run = spawnSync(
      process.execPath,
      [
        '--import',
        teller,
        '--conditions=source',
        '--input-type=module',
        '-e',
        "import '@holdfast/client'",
      ],
      { encoding: 'utf8' },
    );
    assert.equal(run.status, 0, run.stderr);
    const read = run.stderr.split('\n').filter((url) => !url.startsWith('node:'));
    assert.ok(read.length <= 125, `${String(read.length)}:\n${read.join('\n')}`);
    assert.deepEqual(
      read.filter((url) => /packages\/(?!client\/|protocol\/)|node_modules\/(?!ws\/)/.test(url)),
      [],
    );
  });

  for (const words of ['--version', 'lock run --help', 'status --help', 'quorum lock run --help'])
    it(`read nothing of the client for "holdfast ${words}", which asks no node (START-1)`, () => {
      const read = filesReadBy(...words.split(' '));
      assert.deepEqual(
        read.filter((url) => /packages\/client\/(?!src\/boot-clock)|node_modules\/ws\//.test(url)),
        [],
      );
    });

  it('read what serves only where a node starts', () => {
    const read = filesReadBy('server', '--help');
    assert.deepEqual(
      read.filter((url) =>
        /packages\/(?:api\/(?!src\/(?:keys|pipeline\/api-keys)\.ts)|engine\/src\/(?!limits\.ts))|node_modules\/(?:fastify|pino)\//.test(
          url,
        ),
      ),
      [],
    );
  });
});
