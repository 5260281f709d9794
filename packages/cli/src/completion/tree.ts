/** What a shell has to know of the commands, read from the program itself: it cannot go out of date. */
import type { Command, Option } from 'commander';

export interface CommandNode {
  readonly name: string;
  readonly description: string;
  /** From below the program to this command: `lock run`; empty for the program. */
  readonly path: string;
  readonly commands: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  readonly parameters: readonly ParameterNode[];
}

export interface OptionNode {
  /** As they are typed: `-c`, `--config`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly repeatable: boolean;
  /** Undefined for a switch. */
  readonly value: ValueNode | undefined;
}

export interface ParameterNode extends ValueNode {
  /** A command line of its own: everything that follows. */
  readonly isCommandLine: boolean;
}

export interface ValueNode {
  readonly name: string;
  readonly kind: 'choice' | 'file' | 'folder' | 'free';
  /** Empty unless the kind is `choice`. */
  readonly choices: readonly string[];
}

const folderNames: ReadonlySet<string> = new Set(['folder']);
const fileNames: ReadonlySet<string> = new Set(['path', 'file']);

export function treeOf(program: Command): CommandNode {
  return nodeOf(program, '', new Set(program.options.map((option) => option.long)));
}

/** Every command of the tree, the root first. */
export function* everyCommand(node: CommandNode): Iterable<CommandNode> {
  yield node;
  for (const child of node.commands) yield* everyCommand(child);
}

/** @param globals Hidden in the help of every command, and accepted by it all the same. */
function nodeOf(
  command: Command,
  path: string,
  globals: ReadonlySet<string | null | undefined>,
): CommandNode {
  const help = command.createHelp();
  const visible = help.visibleOptions(command);
  const hidden = command.options.filter(
    (option) => option.hidden && globals.has(option.long) && !visible.includes(option),
  );
  return {
    name: command.name(),
    description: command.description(),
    path,
    commands: help
      .visibleCommands(command)
      .map((child) =>
        nodeOf(child, path === '' ? child.name() : `${path} ${child.name()}`, globals),
      ),
    options: [...visible, ...hidden].map(optionOf),
    parameters: command.registeredArguments.map((argument) => ({
      ...valueOf(argument.name(), argument.argChoices),
      isCommandLine: argument.variadic,
    })),
  };
}

function optionOf(option: Option): OptionNode {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined && flag !== null);
  const name = /<([^>]+)>|\[([^\]]+)\]/.exec(option.flags);
  const takesValue = option.required || option.optional;
  return {
    flags,
    description: option.description,
    // One that collects has a parser of its own; `choices` sets one as well.
    repeatable: option.parseArg !== undefined && option.argChoices === undefined,
    value: takesValue ? valueOf(name?.[1] ?? name?.[2] ?? 'value', option.argChoices) : undefined,
  };
}

function valueOf(name: string, choices: readonly string[] | undefined): ValueNode {
  if (choices !== undefined) return { name, kind: 'choice', choices };
  const kind = fileNames.has(name) ? 'file' : folderNames.has(name) ? 'folder' : 'free';
  return { name, kind, choices: [] };
}
