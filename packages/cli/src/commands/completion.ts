/** `holdfast completion`: a script that teaches a shell the commands and options. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { treeOf } from '../completion/tree.ts';
import type { CommandNode } from '../completion/tree.ts';
import { zshScript } from '../completion/zsh.ts';
import type { Environment } from '../environment.ts';

const scripts: Readonly<Record<string, (root: CommandNode) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function addCompletionCommand(program: Command, at: () => Environment): void {
  program
    .command('completion')
    .description('Prints a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      `
The script says at its head where to keep it.

Examples:
  source <(holdfast completion bash)
  holdfast completion fish > ~/.config/fish/completions/holdfast.fish`,
    )
    .action((shell: string) => {
      const script = scripts[shell];
      if (script !== undefined) at().output.write(script(treeOf(program)));
    });
}
