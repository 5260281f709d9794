import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { choosePorts } from '../../src/commands/cluster.ts';
import { findUsualEndpoints, givenEndpoints, usualEndpoints } from '../../src/endpoints.ts';
import { exitStatus } from '../../src/exit-status.ts';
import { explain, failureText, UsageError } from '../../src/failure.ts';
import { printTable } from '../../src/output.ts';
import { adviceOf, readAllGroups } from '../../src/groups.ts';
import { buildProgram } from '../../src/program.ts';
import type { Environment } from '../../src/environment.ts';

describe('the nodes that are asked', () => {
  it('are those of the options, else of the variable; host:port will do', () => {
    assert.deepEqual(givenEndpoints(['a:1', 'https://b'], 'c:1'), ['http://a:1', 'https://b']);
    assert.deepEqual(givenEndpoints(undefined, 'a:1, http://b:2/ '), ['http://a:1', 'http://b:2']);
    assert.equal(givenEndpoints(undefined, ''), undefined);
    assert.equal(givenEndpoints(undefined, undefined), undefined);
  });

  it('are refused when they are no URLs', () => {
    for (const wrong of ['', 'ftp://a', 'a b:1', 'a:port'])
      assert.throws(() => givenEndpoints([wrong], undefined), UsageError, wrong);
  });

  it('are never of two clusters: the first usual one that answers, whole', async () => {
    const cluster = usualEndpoints.filter((url) => !url.endsWith('8080'));
    const answering = (...urls: readonly string[]) =>
      findUsualEndpoints((url) => Promise.resolve(urls.includes(url)));
    assert.deepEqual(await answering('http://127.0.0.1:8080', 'http://127.0.0.1:5000'), [
      'http://127.0.0.1:8080',
    ]);
    assert.deepEqual(await answering('http://127.0.0.1:5002'), cluster);
    assert.deepEqual(await answering(), usualEndpoints);
  });
});

describe('the ports of a local cluster', () => {
  it('are given, or counted up from 5000', () => {
    assert.deepEqual(choosePorts(undefined, undefined), [5000, 5001, 5002]);
    assert.deepEqual(choosePorts('5', undefined), [5000, 5001, 5002, 5003, 5004]);
    assert.deepEqual(choosePorts(undefined, '8001'), [8001]);
    assert.deepEqual(choosePorts('3', '1,2,3'), [1, 2, 3]);
  });

  const wrong: readonly (readonly [nodes: string | undefined, ports: string | undefined])[] = [
    ['4', undefined],
    ['5000000000', undefined],
    ['x', undefined],
    ['-1', undefined],
    ['5', '1,2,3'],
    [undefined, '1,2'],
    [undefined, '1,1,2'],
    [undefined, '1,,2'],
    [undefined, '0,1,2'],
    [undefined, '1,2,64000'],
  ];
  for (const [nodes, ports] of wrong) {
    it(`are refused: --nodes ${String(nodes)} --ports ${String(ports)}`, () => {
      assert.throws(() => choosePorts(nodes, ports), UsageError);
    });
  }
});

describe('a failure', () => {
  const statusOf = (error: unknown): number => explain(error, []).status;

  it('has the exit status that the help tells', () => {
    assert.equal(statusOf(new UsageError('x')), exitStatus.usage);
    const notHad = [
      'lock_held',
      'lock_delayed',
      'wait_timeout',
      'deadlock',
      'no_permits',
      'not_elected',
      'barrier_closed',
    ] as const;
    for (const code of notHad)
      assert.equal(statusOf(new HoldfastError(code, 'x')), exitStatus.notAcquired, code);
    assert.equal(statusOf(new HoldfastError('hold_lost', 'x')), exitStatus.leaseLost);
    for (const code of ['connection_lost', 'deadline_exceeded', 'no_quorum', 'not_leader'] as const)
      assert.equal(statusOf(new HoldfastError(code, 'x')), exitStatus.unreachable, code);
    assert.equal(statusOf(new HoldfastError('invalid_request', 'x')), exitStatus.usage);
    // The cluster answers, and has a leader
    const notTransferred = new HoldfastError('leadership_not_transferred', 'x');
    assert.equal(statusOf(notTransferred), exitStatus.failure);
    assert.equal(statusOf(new Error('x')), exitStatus.failure);
  });

  it('tells people which nodes were asked and what to do, and programs a code', () => {
    const failure = explain(new HoldfastError('connection_lost', 'Gone.'), ['http://a:1']);
    assert.match(
      failureText(failure, false),
      /^holdfast: Gone\. \(connection_lost\)\nAsked: http:\/\/a:1\. .*--endpoint/,
    );
    assert.deepEqual(JSON.parse(failureText(failure, true)), {
      error: {
        code: 'connection_lost',
        message: 'Gone.',
        exit_status: 5,
        details: {},
        advice: failure.advice,
      },
    });
  });
});

describe('the advice of a failure', () => {
  it('given a wait that ran out, when it is explained, then it names the group of commands that was used', () => {
    const error = new HoldfastError('wait_timeout', 'x');
    assert.match(explain(error, []).advice, /holdfast lock status NAME/);
    assert.match(explain(error, [], 'semaphore').advice, /holdfast semaphore status NAME/);
    assert.match(explain(error, [], 'election').advice, /holdfast election leader NAME/);
    assert.match(
      explain(error, [], 'latch', adviceOf('latch')).advice,
      /holdfast latch status NAME/,
    );
  });

  it('given events that are no longer kept, when it is explained, then it tells how to begin anew', () => {
    const { advice, status } = explain(new HoldfastError('compacted', 'x'), [], 'holdfast');
    assert.match(advice, /without --after/);
    assert.equal(status, exitStatus.failure);
  });
});

describe('a table', () => {
  it('has its columns as wide as their widest cell; JSON has all that there is', () => {
    const print = (json: boolean): string => {
      let text = '';
      const write = (part: string): void => {
        text += part;
      };
      printTable({ json, write }, { all: [1, 2] }, ['A', 'LONG'], [['wide', 'x']]);
      return text;
    };
    assert.equal(print(false), 'A     LONG\nwide  x\n');
    assert.deepEqual(JSON.parse(print(true)), { all: [1, 2] });
  });
});

const everyGroup = await readAllGroups();

describe('the program', () => {
  const build = (): ReturnType<typeof buildProgram> =>
    buildProgram((): Environment => assert.fail('nothing is run here'), everyGroup);
  type Commands = ReturnType<typeof build>;
  const all = (command: Commands): readonly Commands[] => [
    command,
    ...command.commands.flatMap((child) => all(child)),
  ];

  it('takes --json and --endpoint before and after every command', () => {
    for (const command of all(build())) {
      const flags = command.options.map((option) => option.long);
      assert.ok(flags.includes('--json') && flags.includes('--endpoint'), command.name());
    }
  });

  it('says of every command what it does', () => {
    for (const command of all(build())) assert.match(command.description(), /\.$/, command.name());
  });

  it('leaves all that stands behind -- to the command of a lock', async () => {
    const program = build();
    const run = all(program).find((command) => command.name() === 'run');
    let words: readonly unknown[] = [];
    run?.action((...given: unknown[]) => {
      words = given;
    });
    await program.parseAsync(['lock', 'run', 'x', '--wait', '5', '--', 'ls', '--json', '-l'], {
      from: 'user',
    });
    assert.deepEqual(words.slice(0, 2), ['x', ['ls', '--json', '-l']]);
    assert.deepEqual(run?.opts()['wait'], '5');
    assert.equal(run?.opts()['json'], undefined);
  });
});
