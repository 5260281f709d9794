/** Completion for fish: a line an option and a command, each under the condition where it stands. */
import { everyCommand } from './tree.ts';
import type { CommandNode, OptionNode, ValueNode } from './tree.ts';

export function fishScript(root: CommandNode): string {
  const commands = [...everyCommand(root)];
  const name = root.name;
  return `# Completion of "${name}" for fish. For this shell:
#
#   ${name} completion fish | source
#
# For every shell to come:
#
#   ${name} completion fish > ~/.config/fish/completions/${name}.fish

# Whether the words before the cursor name this command; "--" stands for the command line behind it.
function __${name}_at
    set -l at ''
    set -l value ''
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test -n "$value"
            set value ''
            continue
        end
        if test "$word" = --
            set at --
            break
        end
        switch "$at $word"
${commands.flatMap(stepsOf).join('\n')}
        end
    end
    test "$at" = "$argv[1]"
end

# Behind "--": a command of its own.
function __${name}_command_line
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- -- $words)]
    set -l words $words (commandline -ct)
    complete -C "$words"
end

complete -c ${name} -f
complete -c ${name} -n '__${name}_at --' -a '(__${name}_command_line)'
${commands.flatMap((node) => completionsOf(name, node)).join('\n')}
`;
}

function stepsOf(node: CommandNode): readonly string[] {
  const deeper = node.commands.flatMap((child) => [
    `            case ${quote(`${node.path} ${child.name}`)}`,
    `                set at ${quote(child.path)}`,
  ]);
  const valued = node.options
    .filter((option) => option.value !== undefined)
    .flatMap((option) => option.flags)
    .map((flag) => quote(`${node.path} ${flag}`));
  return valued.length === 0
    ? deeper
    : [...deeper, `            case ${valued.join(' ')}`, '                set value taken'];
}

function completionsOf(name: string, node: CommandNode): readonly string[] {
  const start = `complete -c ${name} -n ${quote(`__${name}_at ${quote(node.path)}`)}`;
  return [
    ...node.commands.map(
      (child) => `${start} -a ${quote(child.name)} -d ${quote(oneLine(child.description))}`,
    ),
    ...node.options.map((option) => `${start}${switchesOf(option)}`),
    ...node.parameters
      .filter((parameter) => parameter.kind === 'choice')
      .map((parameter) => `${start} -a ${quote(parameter.choices.join(' '))}`),
  ];
}

function switchesOf({ flags, description, value }: OptionNode): string {
  const named = flags
    .map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
    .join('');
  return `${named}${value === undefined ? '' : takes(value)} -d ${quote(oneLine(description))}`;
}

function takes(value: ValueNode): string {
  switch (value.kind) {
    case 'choice':
      return ` -x -a ${quote(value.choices.join(' '))}`;
    case 'file':
      return ' -r -F';
    case 'folder':
      return ` -x -a '(__fish_complete_directories)'`;
    case 'free':
      return ' -x';
  }
}

/** In single quotes fish knows two escapes. */
const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
