/** The scripts are tried in the shells themselves: bash completes, zsh and fish read them where they are installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Command, Option } from 'commander';
import { bashScript } from '../../src/completion/bash.ts';
import { fishScript } from '../../src/completion/fish.ts';
import { everyCommand, treeOf } from '../../src/completion/tree.ts';
import type { CommandNode } from '../../src/completion/tree.ts';
import { zshScript } from '../../src/completion/zsh.ts';
import { readAllGroups } from '../../src/groups.ts';
import { buildProgram } from '../../src/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const holdfast = treeOf(
  buildProgram(() => assert.fail('nothing is run here'), await readAllGroups()),
);

/** What the program does not have yet: options with choices, texts that need quoting. */
const other = treeOf(
  new Command('other')
    .addOption(
      new Option('-l, --level <level>', `it's [a] level: "how" loud\\n`).choices(['low', 'high']),
    )
    .option('--folder <folder>', 'where')
    .addCommand(
      new Command('do').description(`Does 'it': $HOME \`now\`.`).option('-n, --now', 'now'),
    ),
);

function install(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const bashScripts: ReadonlyMap<CommandNode, string> = new Map(
  [holdfast, other].map((root) => [root, install(`${root.name}.bash`, bashScript(root))]),
);

/** What bash offers for the last word; bash has taken the words apart at ":" and "=". */
function offered(root: CommandNode, ...words: readonly string[]): readonly string[] {
  const script = `set -u; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_${root.name}; [[ \${#COMPREPLY[@]} == 0 ]] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--norc', '-c', script, 'bash', bashScripts.get(root) ?? '', root.name, ...words],
    { encoding: 'utf8', cwd: folder },
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.split('\n').filter((line) => line !== '');
}

const flagsOf = (path: string): readonly string[] => {
  const node = [...everyCommand(holdfast)].find((candidate) => candidate.path === path);
  return node?.options.flatMap((option) => option.flags) ?? [];
};

describe('completion in bash', () => {
  it('given every command of the program, when its place is reached, then its commands and its options are offered', () => {
    for (const node of everyCommand(holdfast)) {
      const words = node.path === '' ? [] : node.path.split(' ');
      if (node.commands.length > 0)
        assert.deepEqual(
          offered(holdfast, ...words, ''),
          node.commands.map((child) => child.name),
          node.path,
        );
      assert.deepEqual(offered(holdfast, ...words, '-'), flagsOf(node.path), node.path);
    }
  });

  const cases: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
    [['se'], ['server', 'session', 'semaphore']],
    [
      ['lock', 'r'],
      ['release', 'renew', 'run'],
    ],
    [['lock', 'run', '--w'], ['--wait']],
    [['lock', 'run', '--wait', '5', 'name', '--gr'], ['--grace']],
    [['--json', 'semaphore', 'res'], ['resize']],
    // A value that is the name of a command is a value.
    [['--endpoint', 'lock', 'st'], ['status']],
    [['--endpoint', 'http', ':', '//a', ':', '1', 'lock', 'st'], ['status']],
    [['--endpoint', '=', 'lock', 'st'], ['status']],
    [['lock', 'run', '--wait', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'f'], ['fish']],
    [['lock', 'acquire', ''], []],
    [['lock', 'run', 'x', '--', 'holdf', '--'], []],
  ];
  for (const [words, expected] of cases) {
    it(`given "holdfast ${words.join(' ')}", when it is completed, then ${expected.join(', ') || 'nothing'} is offered`, () => {
      assert.deepEqual(offered(holdfast, ...words), expected);
    });
  }

  it('given an option with choices, when its value is completed, then they are offered', () => {
    assert.deepEqual(offered(other, '--level', ''), ['low', 'high']);
    assert.deepEqual(offered(other, '-l', 'h'), ['high']);
    assert.deepEqual(offered(other, '--level', '=', 'l'), ['low']);
    assert.deepEqual(offered(other, '--level', '='), ['low', 'high']);
    assert.deepEqual(offered(other, '--level', 'low', 'd'), ['do']);
  });

  it('given an option that takes a file or a folder, when its value is completed, then those are offered', () => {
    assert.deepEqual(offered(holdfast, 'server', '--config', 'other'), ['other.bash']);
    assert.deepEqual(offered(other, '--folder', 'other'), []);
  });

  it('given a command behind --, when its first word is completed, then commands of the machine are offered', () => {
    assert.ok(offered(holdfast, 'lock', 'run', 'x', '--', 'bas').includes('bash'));
    assert.deepEqual(offered(holdfast, 'lock', 'run', 'x', '--', 'cat', 'other'), ['other.bash']);
  });
});

describe('the tree of the commands', () => {
  it('given options that every command accepts though its help hides them, then they are in it; others that are hidden are not', () => {
    assert.ok(flagsOf('lock list').includes('--json'));
    assert.ok(!flagsOf('server').includes('--file'));
  });
});

for (const [shell, script] of [
  ['zsh', zshScript],
  ['fish', fishScript],
] as const) {
  const missing = spawnSync(shell, ['--version'], { stdio: 'ignore' }).status !== 0;
  describe(`completion in ${shell}`, () => {
    it(
      'given the script, when the shell reads it, then it finds no fault',
      {
        skip: missing ? `${shell} is not installed` : false,
      },
      () => {
        for (const root of [holdfast, other]) {
          const path = install(`${root.name}.${shell}`, script(root));
          const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
          assert.equal(stderr, '');
          assert.equal(status, 0);
        }
      },
    );

    it('given every command of the program, when the script is made, then each is in it, and where to keep it', () => {
      const text = script(holdfast);
      assert.match(text, new RegExp(`holdfast completion ${shell}`));
      for (const node of everyCommand(holdfast)) assert.ok(text.includes(node.name), node.path);
    });
  });
}

describe('completion in fish, asked', () => {
  const fish: string = 'fish';
  const missing = spawnSync(fish, ['--version'], { stdio: 'ignore' }).status !== 0;
  it(
    'given command lines, when they are completed, then the same is offered as in bash',
    {
      skip: missing ? 'fish is not installed' : false,
    },
    () => {
      const path = install('asked.fish', fishScript(holdfast));
      const ask = (line: string): readonly string[] => {
        const { stdout } = spawnSync(
          fish,
          ['--no-config', '-c', `source ${path}; complete -C ${JSON.stringify(line)}`],
          { encoding: 'utf8' },
        );
        return stdout
          .split('\n')
          .filter((entry) => entry !== '')
          .map((entry) => entry.split('\t')[0] ?? '');
      };
      assert.deepEqual(ask('holdfast lock r'), ['release', 'renew', 'run']);
      assert.deepEqual(ask('holdfast --endpoint lock semaphore res'), ['resize']);
      assert.deepEqual(ask('holdfast lock run --wait 5 x --gr'), ['--grace']);
      assert.deepEqual(ask('holdfast completion f'), ['fish']);
      assert.ok(ask('holdfast lock run x -- bas').includes('bash'));
    },
  );
});
