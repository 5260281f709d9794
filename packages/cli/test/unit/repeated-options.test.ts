import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { UsageError } from '../../src/failure.ts';
import { exitStatus } from '../../src/exit-status.ts';
import { readAllGroups } from '../../src/groups.ts';
import { buildProgram, run } from '../../src/program.ts';
import type { Environment } from '../../src/environment.ts';

type Commands = ReturnType<typeof buildProgram>;
type Option = Commands['options'][number];
interface Case {
  readonly command: Commands;
  readonly option: Option;
  readonly flag: string;
}

const all = (command: Commands): readonly Commands[] => [
  command,
  ...command.commands.flatMap((child) => all(child)),
];
const everyGroup = await readAllGroups();
const build = (): Commands =>
  buildProgram((): Environment => assert.fail('nothing is run here'), everyGroup).exitOverride();

function* valuedOptions(): Iterable<Case> {
  for (const { name, index } of all(build()).map((command, index) => ({
    name: command.name(),
    index,
  }))) {
    const flags = all(build())[index]?.options ?? [];
    for (const [at, { required, long }] of flags.entries()) {
      if (!required) continue;
      // Each in a program of its own: what was given is counted.
      const command = all(build())[index];
      const option = command?.options[at];
      assert.ok(command !== undefined && option !== undefined, name);
      yield { command, option, flag: long ?? '' };
    }
  }
}

const valueOf = (option: Option, at: number): string =>
  option.argChoices?.[at % option.argChoices.length] ?? `value-${String(at)}`;

describe('an option that is given twice (REPEAT-1)', () => {
  it('adds up where it is a list or is told to be repeated, else it is refused, in every command', () => {
    const outcomes = { added: 0, collected: 0, refused: 0 };
    for (const { command, option, flag } of valuedOptions()) {
      const values = [valueOf(option, 0), valueOf(option, 1)] as const;
      const parse = (): unknown => {
        command.parseOptions([flag, values[0], flag, values[1]]);
        return command.opts()[option.attributeName()];
      };
      if (option.variadic || (option.parseArg !== undefined && option.argChoices === undefined)) {
        assert.doesNotThrow(parse, `${command.name()} ${flag}`);
        assert.deepEqual(
          command.opts()[option.attributeName()],
          values,
          `${command.name()} ${flag}`,
        );
        outcomes.collected += 1;
      } else if (option.flags.endsWith('<list>')) {
        assert.equal(parse(), values.join(','), `${command.name()} ${flag}`);
        outcomes.added += 1;
      } else {
        const text = `${flag.slice(2)} takes one value; given: "${values[0]}", then "${values[1]}"`;
        assert.throws(
          parse,
          (error) => error instanceof UsageError && error.message.includes(text),
          `${command.name()} ${flag}`,
        );
        outcomes.refused += 1;
      }
    }
    // Lists of `server`, `cluster`, the quorum; --endpoint, --also, --role and --checkpoint.
    assert.ok(outcomes.added >= 6 && outcomes.collected >= 5, JSON.stringify(outcomes));
    assert.ok(outcomes.refused >= 80, JSON.stringify(outcomes));
  });

  it('takes several values behind one option as well, where its help says so', () => {
    const taken = [...valuedOptions()].filter(({ option }) => option.variadic);
    assert.deepEqual(taken.map(({ flag }) => flag).toSorted(), ['--checkpoint', '--role']);
    for (const { command, option, flag } of taken) {
      assert.doesNotThrow(() => command.parseOptions([flag, 'a', 'b', flag, 'c']), flag);
      assert.deepEqual(command.opts()[option.attributeName()], ['a', 'b', 'c'], flag);
    }
  });

  it('has no value of its own kept from the defaults', () => {
    const command = all(build()).find((one) => one.name() === 'cluster');
    command?.parseOptions(['--data', 'x']);
    assert.equal(command?.opts()['data'], 'x');
  });
});

describe('--endpoint', () => {
  it('adds up, in front of a command and behind it', async () => {
    const written: string[] = [];
    const write = mock.method(process.stderr, 'write', (text: string) => {
      written.push(text);
      return true;
    });
    try {
      const closed = ['http://127.0.0.1:1', 'http://127.0.0.1:2'] as const;
      const words = ['--endpoint', closed[0], 'status', '--endpoint', closed[1]];
      assert.equal(await run(words), exitStatus.unreachable);
      assert.match(written.join(''), new RegExp(`Asked: ${closed.join('.{1,2}')}`));
    } finally {
      write.mock.restore();
    }
  });
});

describe('the configuration file', () => {
  it('is one, under whichever of its two names', async () => {
    const written: string[] = [];
    const write = mock.method(process.stderr, 'write', (text: string) => {
      written.push(text);
      return true;
    });
    try {
      assert.equal(
        await run(['server', '--config', 'a.yaml', '--file', 'b.yaml']),
        exitStatus.usage,
      );
      assert.match(written.join(''), /mean the same; given: "a.yaml" and "b.yaml"/);
    } finally {
      write.mock.restore();
    }
  });
});
