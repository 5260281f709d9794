/** Completion for zsh: a function a command, by `_arguments`. */
import { everyCommand } from './tree.ts';
import type { CommandNode, OptionNode, ValueNode } from './tree.ts';

export function zshScript(root: CommandNode): string {
  const functions = [...everyCommand(root)].map((node) => functionOf(root, node));
  return `#compdef ${root.name}
# Completion of "${root.name}" for zsh. For this shell (behind compinit):
#
#   source <(${root.name} completion zsh)
#
# For every shell to come, save it in a folder of $fpath under the name _${root.name}:
#
#   mkdir -p ~/.zfunc
#   ${root.name} completion zsh > ~/.zfunc/_${root.name}
#
# with these lines in ~/.zshrc:
#
#   fpath=(~/.zfunc $fpath)
#   autoload -Uz compinit && compinit

${functions.join('\n')}
# Behind "--": a command of its own.
_${root.name}__command_line() {
  if [[ $words[1] == -- ]]; then
    shift words
    ((CURRENT -= 1))
  fi
  _normal
}

if [[ $funcstack[1] == _${root.name} ]]; then
  _${root.name} "$@"
else
  compdef _${root.name} ${root.name}
fi
`;
}

function functionOf(root: CommandNode, node: CommandNode): string {
  const specifications = [
    ...node.options.map(optionSpecification),
    ...(node.commands.length > 0
      ? [`'1: :->command'`, `'*:: :->rest'`]
      : node.parameters.map((parameter, position) =>
          parameter.isCommandLine
            ? `'*:::${escaped(parameter.name)}:_${root.name}__command_line'`
            : quote(`${String(position + 1)}:${escaped(parameter.name)}:${actionOf(parameter)}`),
        )),
  ];
  const lines = [`${nameOf(root, node)}() {`];
  if (node.commands.length > 0)
    lines.push('  local curcontext="$curcontext" state line', '  typeset -A opt_args');
  lines.push(`  _arguments -C -S \\`);
  for (const [position, text] of specifications.entries())
    lines.push(`    ${text}${position === specifications.length - 1 ? '' : ' \\'}`);
  if (node.commands.length > 0) for (const line of dispatch(root, node)) lines.push(line);
  lines.push('}', '');
  return lines.join('\n');
}

function dispatch(root: CommandNode, node: CommandNode): readonly string[] {
  return [
    '  case $state in',
    '    command)',
    '      local -a commands=(',
    ...node.commands.map(
      (child) =>
        `        ${quote(`${child.name.replaceAll(':', String.raw`\:`)}:${oneLine(child.description)}`)}`,
    ),
    '      )',
    `      _describe -t commands 'command' commands`,
    '      ;;',
    '    rest)',
    '      case $words[1] in',
    ...node.commands.map((child) => `        ${child.name}) ${nameOf(root, child)} ;;`),
    '      esac',
    '      ;;',
    '  esac',
  ];
}

/** `(-c --config)'{-c,--config}'[...]:path:_files'` */
function optionSpecification(option: OptionNode): string {
  const { flags, value } = option;
  const tail = `[${escaped(oneLine(option.description))}]${
    value === undefined ? '' : `:${escaped(value.name)}:${actionOf(value)}`
  }`;
  const star = option.repeatable ? '*' : '';
  if (flags.length === 1) return quote(`${star}${flags[0] ?? ''}${tail}`);
  const exclusive = option.repeatable ? '*' : `(${flags.join(' ')})`;
  return `${quote(exclusive)}{${flags.join(',')}}${quote(tail)}`;
}

function actionOf(value: ValueNode): string {
  switch (value.kind) {
    case 'choice':
      return `(${value.choices.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'free':
      return ' ';
  }
}

const nameOf = (root: CommandNode, node: CommandNode): string =>
  `_${[root.name, ...node.path.split(' ')].filter((part) => part !== '').join('_')}`;

/** What `_arguments` reads as its own signs. */
const escaped = (text: string): string => text.replaceAll(/[\\[\]:]/g, String.raw`\$&`);

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
