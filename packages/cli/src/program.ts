/** The commands of `holdfast`. */
import { Command, CommanderError } from 'commander';
import { version } from '@holdfast/server';
import { addClusterCommands } from './commands/cluster.ts';
import { addLockCommands } from './commands/lock.ts';
import { addServerCommands } from './commands/server.ts';
import { addSessionCommands } from './commands/session.ts';
import { exitStatus } from './exit-status.ts';
import { explain } from './failure.ts';
import type { Output } from './output.ts';

const defaultEndpoints = [
  'http://127.0.0.1:8080',
  'http://127.0.0.1:5000',
  'http://127.0.0.1:5001',
  'http://127.0.0.1:5002',
];

/** What every command has at hand. */
export interface Environment {
  readonly output: Output;
  readonly endpoints: readonly string[];
  /** Sets the exit status of a command that did its work and has something else than success to tell. */
  readonly finish: (status: number) => void;
}

/** Runs one command line; resolves with the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  let status: number = exitStatus.ok;
  let endpoints: readonly string[] = defaultEndpoints;
  const environment = (program: Command): Environment => {
    const options = program.opts<{ json?: boolean; endpoint?: string[] }>();
    endpoints =
      options.endpoint ?? process.env['HOLDFAST_ENDPOINTS']?.split(',') ?? defaultEndpoints;
    return {
      output: { json: options.json === true, write: (text) => process.stdout.write(text) },
      endpoints,
      finish: (given) => {
        status = given;
      },
    };
  };
  const program = buildProgram(environment);
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
    const failure = explain(error, endpoints);
    process.stderr.write(`holdfast: ${failure.text}\n`);
    return failure.status;
  }
}

export function buildProgram(environment: (program: Command) => Environment): Command {
  const program = new Command('holdfast')
    .description('Locks, sessions and fencing tokens for programs on several machines.')
    .version(version)
    .option('--json', 'print JSON for programs instead of tables')
    .option(
      '--endpoint <url>',
      `a node to ask; repeat it for more (HOLDFAST_ENDPOINTS, separated by commas; default ${defaultEndpoints.join(' ')})`,
      (url: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), url],
    )
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(add --help for the options and examples)')
    .addHelpText(
      'after',
      `
Examples:
  holdfast server --file config/single.yaml         one durable node
  holdfast cluster                                  three nodes on this machine
  holdfast lock run backup -- ./backup.sh           a command that runs on one machine at a time
  holdfast lock list --prefix jobs/                 who holds what

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the lock is held by somebody else,
4 the lease was lost while a command ran, 5 no node answered. "lock run" passes on the
exit status of its command.`,
    );
  const at = (): Environment => environment(program);
  addServerCommands(program, at);
  addClusterCommands(program, at);
  addSessionCommands(program, at);
  addLockCommands(program, at);
  return program;
}
