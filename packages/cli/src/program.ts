/** The commands of `holdfast`. */
import { Command, CommanderError, Option } from 'commander';
import { version } from '@holdfast/server/version';
import {
  certificateOptions,
  certificates,
  certificatesIn,
  useCertificates,
} from './certificates.ts';
import type { CertificateFlags } from './certificates.ts';
import { findUsualEndpoints, givenEndpoints, usualEndpoints } from './endpoints.ts';
import { exitStatus } from './exit-status.ts';
import { explain, failureText } from './failure.ts';
import type { Failure } from './failure.ts';
import { adviceOf, readGroupsFor } from './groups.ts';
import type { AddGroup } from './groups.ts';
import type { Environment } from './environment.ts';
import { refuseOldNode } from './node-version.ts';
import { noteRepeatedOptions } from './repeated-options.ts';

interface GlobalOptions {
  readonly json?: boolean;
  readonly endpoint?: readonly string[];
}

const noticeWithinMs = 500;

/** Runs one command line; resolves with the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  let status: number = exitStatus.ok;
  let options: GlobalOptions = {};
  let asked: readonly string[] = usualEndpoints;
  const environment = (): Environment => ({
    output: { json: options.json === true, write: (text) => process.stdout.write(text) },
    endpoints: async () => {
      certificates(); // What cannot be read is told before anything is asked.
      asked =
        givenEndpoints(options.endpoint, process.env['HOLDFAST_ENDPOINTS']) ??
        (await findUsualEndpoints());
      return asked;
    },
    namedEndpoints: () => givenEndpoints(options.endpoint, process.env['HOLDFAST_ENDPOINTS']) ?? [],
    finish: (given) => {
      status = given;
    },
  });
  const asJson = wantsJson(words);
  const program = buildProgram(environment, await readGroupsFor(words), asJson);
  let group: string | undefined;
  program.hook('preAction', (_program, command) => {
    options = { ...command.optsWithGlobals<GlobalOptions>(), ...endpointsOf(command) };
    useCertificates(certificatesGiven(command));
    group = groupOf(command);
    refuseOldNode(command, process.versions.node);
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitStatus.ok : tellUsage(error, words, asJson);
    const failure = explain(error, asked, group, group === undefined ? {} : adviceOf(group));
    const told = group === 'quorum' ? failure : await noticingLeaseNodes(failure, asked);
    process.stderr.write(failureText(told, asJson || options.json === true));
    return failure.status;
  }
}

/** Before what is passed on to a command of the user's. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? words.length : end).includes('--json');
}

/** What Commander refused: for people it has written it already. Gives the exit status. */
function tellUsage(error: CommanderError, words: readonly string[], asJson: boolean): number {
  const message =
    error.code === 'commander.help'
      ? 'A command is missing; "holdfast --help" lists them.'
      : error.message.replace(/^error: /, '');
  const failure = { code: 'usage', message, advice: '', status: exitStatus.usage };
  if (asJson) process.stderr.write(failureText(failure, true));
  else if (error.code === 'commander.unknownOption' && isRun(words))
    process.stderr.write(
      'Write -- in front of the command to run: holdfast lock run NAME -- COMMAND ...\n',
    );
  return exitStatus.usage;
}

/** `lock run NAME COMMAND -x`: the option was meant for the command. */
const isRun = (words: readonly string[]): boolean => words.includes('run') && !words.includes('--');

/** A lease node among those that were asked answers, but nothing that a node of a cluster does. */
async function noticingLeaseNodes(failure: Failure, asked: readonly string[]): Promise<Failure> {
  if (failure.status !== exitStatus.unreachable && failure.code !== 'route_not_found')
    return failure;
  const { leaseNodeAmong } = await import('./quorum/ask-nodes.ts');
  const url = await leaseNodeAmong(asked, noticeWithinMs);
  if (url === undefined) return failure;
  const advice = `${url} is a lease node, not a node of a cluster: ask it with "holdfast quorum status NAME", and take its locks with "holdfast quorum lock run".`;
  return { ...failure, advice };
}

/** Those in front of the command and those behind it add up. */
function endpointsOf(command: Command): Pick<GlobalOptions, 'endpoint'> {
  let given: readonly string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent)
    given = [...(at.opts<GlobalOptions>().endpoint ?? []), ...given];
  return given.length === 0 ? {} : { endpoint: given };
}

/** Those behind the command go before those in front of it. */
function certificatesGiven(command: Command): CertificateFlags {
  let given: CertificateFlags = {};
  for (let at: Command | null = command; at !== null; at = at.parent)
    given = { ...certificatesIn(at), ...given };
  return given;
}

/** `lock` of `lock run`, `quorum` of `quorum lock run`. */
function groupOf(command: Command): string | undefined {
  let group = command.parent;
  while (group?.parent?.parent) group = group.parent;
  return group?.name();
}

/**
 * @param groups Which add their commands.
 * @param asJson What is refused is told by the caller, not here.
 */
export function buildProgram(
  environment: (program: Command) => Environment,
  groups: readonly AddGroup[],
  asJson = false,
): Command {
  const program = new Command('holdfast')
    .description('Locks, sessions and fencing tokens for programs on several machines.')
    .version(version)
    .addOption(jsonOption())
    .addOption(endpointOption())
    .addOption(certificateOptions.ca())
    .addOption(certificateOptions.cert())
    .addOption(certificateOptions.key())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(asJson ? { outputError: () => undefined, writeErr: () => undefined } : {})
    .showHelpAfterError('(add --help for the options and examples)')
    .addHelpText(
      'after',
      `
--json, --endpoint, --ca, --cert and --key may stand before or after the command.

Examples:
  holdfast server --config config/single.yaml       one durable node
  holdfast cluster                                  three nodes on this machine
  holdfast lock run backup -- ./backup.sh           a command that runs on one machine at a time
  holdfast lock list --prefix jobs/                 who holds what
  holdfast semaphore run --limit 4 x -- ./fetch.sh  a command that runs at most four times at once
  holdfast election run --repeat x -- ./schedule.sh a command that runs while it leads
  holdfast quorum lock run x -- ./send.sh           under a lock of independent nodes, without a leader
  holdfast top                                      what goes on, refreshed every second
  holdfast watch jobs/                              every change, as it comes

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the lock is held by somebody else, too few permits are
free, somebody else leads, or a wait ran out, 4 the lease was lost while a command ran, 5 no node
answered. "lock run", "semaphore run", "election run" and "barrier enter" pass on the exit status of
their command.`,
    );
  const at = (): Environment => environment(program);
  for (const add of groups) add(program, at);
  for (const command of program.commands) acceptGlobalOptions(command);
  noteRepeatedOptions(program);
  return program;
}

const jsonOption = (): Option => new Option('--json', 'print JSON for programs instead of tables');

const endpointOption = (): Option =>
  new Option(
    '--endpoint <url>',
    `a node to ask; repeat it for more (HOLDFAST_ENDPOINTS, separated by commas; default ${usualEndpoints[0] ?? ''}, else ${usualEndpoints.slice(1).join(' ')})`,
  ).argParser((url: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), url]);

/** The options of the program, behind a command as well; told once, in the help of the program. */
function acceptGlobalOptions(command: Command): void {
  command.addOption(jsonOption().hideHelp()).addOption(endpointOption().hideHelp());
  // A command may have an option of its own of such a name: this one stands in front of the command then.
  for (const option of Object.values(certificateOptions))
    if (!command.options.some(({ long }) => long === option().long))
      command.addOption(option().hideHelp());
  for (const child of command.commands) acceptGlobalOptions(child);
}
