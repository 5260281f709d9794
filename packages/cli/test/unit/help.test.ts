/** What the help of each command has to say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { readAllGroups } from '../../src/groups.ts';
import { buildProgram } from '../../src/program.ts';

const nothing = (): never => assert.fail('nothing is run here');

function* leaves(command: Command): Iterable<Command> {
  if (command.commands.length === 0) yield command;
  for (const child of command.commands) yield* leaves(child);
}

function* everyCommand(command: Command): Iterable<Command> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}

function helpOf(command: Command): string {
  let written = '';
  command.configureOutput({ writeOut: (text) => (written += text) });
  command.outputHelp();
  return written;
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

describe('the help of a command', async () => {
  const program = buildProgram(nothing, await readAllGroups());
  const commands = [...leaves(program)];

  it('has an example that is a command line of it, or of one that has a file of settings', () => {
    const without = commands.filter(
      (command) =>
        !new RegExp(`\\nExamples?\\b[^]*\\b${pathOf(command)}( |\\n|$)`).test(
          helpOf(command).replaceAll(/holdfast (?:--\S+(?: http\S+)? )+/g, 'holdfast '),
        ),
    );
    assert.deepEqual(without.map(pathOf), []);
  });

  it('has no line of text that is longer than 120 characters', () => {
    const isRow = /^ {2}(?:-|\S.* {2,}\S)/; // An option or a command, which is as wide as its terminal.
    const long = [...everyCommand(program)].flatMap((command) =>
      helpOf(command)
        .split('\n')
        .filter((line) => line.length > 120 && !isRow.test(line))
        .map((line) => `${pathOf(command)}: ${line}`),
    );
    assert.deepEqual(long, []);
  });

  it('begins with sentences', () => {
    const others = commands.filter((command) => !/^[A-Z0-9].*\.$/s.test(command.description()));
    assert.deepEqual(others.map(pathOf), []);
  });

  it('tells the unit of each option that takes a time', () => {
    const others = commands.flatMap((command) =>
      command.options
        .filter(({ long }) =>
          /ttl|wait|timeout|grace|visibility|delay(?!ed)|interval|patience|expires/.test(
            long ?? '',
          ),
        )
        .filter(
          ({ flags, required }) =>
            required && !/<(?:seconds|ms|value|number|list|milliseconds)>/.test(flags),
        )
        .map(({ flags }) => `${pathOf(command)} ${flags}`),
    );
    assert.deepEqual(others, []);
  });
});
