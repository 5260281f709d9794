/**
 * Completion for bash, from version 3.2: no associative arrays, no `mapfile`.
 *
 * The script walks over the words before the cursor to find the command that they name. bash takes words
 * apart at ":" and "=" (`--endpoint http://a:1`); the parts name no command and are passed over.
 */
import { everyCommand } from './tree.ts';
import type { CommandNode, OptionNode, ValueNode } from './tree.ts';

export function bashScript(root: CommandNode): string {
  const commands = [...everyCommand(root)];
  return `# Completion of "${root.name}" for bash. For this shell:
#
#   source <(${root.name} completion bash)
#
# For every shell to come:
#
#   mkdir -p ~/.local/share/bash-completion/completions
#   ${root.name} completion bash > ~/.local/share/bash-completion/completions/${root.name}
#
# (without the package bash-completion: save it anywhere and source it in ~/.bashrc)

_${root.name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at= value= words= index word
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ $word == = ]]; then continue; fi
    if [[ -n $value ]]; then value=; continue; fi
    if [[ $word == -- ]]; then
      _${root.name}_command_line $((index + 1))
      return
    fi
    case "$at $word" in
${commands.flatMap(stepsOf).join('\n')}
    esac
  done
  if [[ $current == = ]]; then current=; fi
  if [[ -n $value ]]; then
    _${root.name}_value "$at $value"
    return
  fi
  if [[ $current == -* ]]; then
    case "$at" in
${commands.map(flagsOf).join('\n')}
    esac
  else
    case "$at" in
${commands.flatMap(wordsOf).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

# What an option takes.
_${root.name}_value() {
  case "$1" in
${commands.flatMap(valuesOf).join('\n')}
  esac
}

# Behind "--": a command of its own.
_${root.name}_command_line() {
  if declare -F _command_offset > /dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    COMPREPLY=($(compgen -c -- "$current"))
  else
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}

complete -F _${root.name} ${root.name}
`;
}

/** From a command to the next, and to the value of an option. */
function stepsOf(node: CommandNode): readonly string[] {
  const deeper = node.commands.map(
    (child) => `      ${quoted(`${node.path} ${child.name}`)}) at=${quoted(child.path)} ;;`,
  );
  const valued = node.options.filter((option) => option.value !== undefined);
  return valued.length === 0
    ? deeper
    : [...deeper, `      ${patternOf(node, valued)}) value="$word" ;;`];
}

const flagsOf = (node: CommandNode): string =>
  `      ${quoted(node.path)}) words=${quoted(node.options.flatMap((option) => option.flags).join(' '))} ;;`;

function wordsOf(node: CommandNode): readonly string[] {
  const words = [
    ...node.commands.map((child) => child.name),
    ...node.parameters.flatMap((parameter) => parameter.choices),
  ];
  return words.length === 0
    ? []
    : [`      ${quoted(node.path)}) words=${quoted(words.join(' '))} ;;`];
}

function valuesOf(node: CommandNode): readonly string[] {
  return node.options.flatMap((option) => {
    const reply = option.value === undefined ? undefined : replyOf(option.value);
    return reply === undefined ? [] : [`    ${patternOf(node, [option])}) ${reply} ;;`];
  });
}

function replyOf(value: ValueNode): string | undefined {
  switch (value.kind) {
    case 'choice':
      return `COMPREPLY=($(compgen -W ${quoted(value.choices.join(' '))} -- "$current"))`;
    case 'file':
      return 'compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -f -- "$current"))';
    case 'folder':
      return 'compopt -o filenames 2> /dev/null; COMPREPLY=($(compgen -d -- "$current"))';
    case 'free':
      return undefined;
  }
}

const patternOf = (node: CommandNode, options: readonly OptionNode[]): string =>
  options
    .flatMap((option) => option.flags)
    .map((flag) => quoted(`${node.path} ${flag}`))
    .join(' | ');

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
