/** `holdfast inspect`: the folder of a node that does not run. */
import type { Command } from 'commander';
import type { InspectedState } from '@holdfast/server/inspect';
import { exitStatus } from '../exit-status.ts';
import { UsageError } from '../failure.ts';
import { headsOf, listedKinds, pagesOf } from '../inspect/lists.ts';
import { overview, overviewText } from '../inspect/overview.ts';
import { wireRecord } from '../inspect/wire-names.ts';
import { PagedTable } from '../paged-table.ts';
import { printable } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import type { Environment } from '../environment.ts';
import { countOf } from '../with-client.ts';

interface InspectCommandOptions {
  readonly storageFolder: string;
  readonly list?: string;
  readonly session?: string;
  readonly prefix: string;
  readonly after?: string;
  readonly limit?: string;
  readonly uncommitted?: true;
}

export function addInspectCommand(program: Command, at: () => Environment): void {
  program
    .command('inspect')
    .description('Looks into the folder of a node that does not run.')
    .requiredOption('--storage-folder <folder>', 'of the node')
    .option('--list <kind>', 'what there is of a kind: session, lock, semaphore, queue, ...')
    .option('--session <id>', 'all that a session holds')
    .option('--prefix <text>', 'only names (of sessions: ids) that begin so', '')
    .option('--after <name>', 'begin behind this name')
    .option('--limit <number>', 'at most so many, in the order of names (default: all)')
    .option('--uncommitted', 'apply also what is not known here to be committed')
    .addHelpText(
      'after',
      `
It changes nothing, and needs no cluster: whose folder it is, the segments of its log, its snapshots with their
hashes compared, files of payloads and of the audit, and the state that comes out of them. A folder that a node has
is refused; what a start would refuse is told as a problem, and the exit status is 1 then.

The state is that of the entries that this node knew to be committed. The last of them are often not recorded, and
what others acknowledged meanwhile is not here: ask a running node for what is so now. Ids of sessions are shown:
whoever knows one can act for it.

Examples:
  holdfast inspect --storage-folder /srv/holdfast
  holdfast inspect --storage-folder /srv/holdfast --list lock --prefix jobs/
  holdfast --json inspect --storage-folder /srv/holdfast --list session --limit 100`,
    )
    .action((options: InspectCommandOptions) => inspect(at(), options));
}

async function inspect(
  { output, finish }: Environment,
  options: InspectCommandOptions,
): Promise<void> {
  const { storageFolder: folder, list, session } = options;
  if (list !== undefined && session !== undefined)
    throw new UsageError('--list and --session are two questions: give one of them.');
  const limit = options.limit === undefined ? undefined : countOf('--limit', options.limit);
  const { inspectFolder } = await import('@holdfast/server/inspect');
  const inspected = await inspectFolder({ folder, uncommitted: options.uncommitted === true });
  const { problems, state } = inspected;
  if (problems.length > 0) finish(exitStatus.failure);
  if (list === undefined && session === undefined) {
    const { lookAtAudit } = await import('@holdfast/server/audit');
    const audit = await lookAtAudit(folder);
    output.write(
      output.json
        ? `${JSON.stringify(overview(inspected, audit), null, 2)}\n`
        : overviewText(inspected, audit),
    );
    return;
  }
  // Programs find them beside the list.
  if (!output.json)
    for (const problem of problems) process.stderr.write(`Problem: ${printable(problem)}\n`);
  if (state === undefined)
    throw new Error(
      `No state can be read out of "${folder}": see "holdfast inspect" without ${list === undefined ? '--session' : '--list'}.`,
    );
  const beside = { index: state.index, problems };
  if (session !== undefined) {
    showHolds(new PagedTable(output, holdsTable), state, session, beside);
    return;
  }
  const kind = listedKinds(state).find((one) => one === list);
  if (kind === undefined)
    throw new UsageError(
      `--list takes one of ${listedKinds(state).join(', ')}; given: "${String(list)}".`,
    );
  const { prefix, after } = options;
  const table = new PagedTable(output, { name: kind, heads: headsOf(kind) });
  let nextAfter: string | undefined;
  const wanted = {
    prefix,
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit }),
  };
  for (const page of pagesOf(state.state, kind, wanted)) {
    table.page(
      page.rows.map(({ record, cells }) => ({ ...wireRecord(record), [shownCells]: cells })),
      ({ [shownCells]: cells }) => cells,
    );
    ({ nextAfter } = page);
  }
  table.end({ next_after: nextAfter ?? null, ...beside });
  if (!output.json && nextAfter !== undefined)
    output.write(`More: --after ${shellWord(nextAfter)}\n`);
}

/** Not written as JSON. */
const shownCells = Symbol('cells');

const holdsTable = { name: 'holds', heads: ['KIND', 'NAME', 'TOKEN'] } as const;
const holdsPerPage = 1000;

function showHolds(
  table: PagedTable,
  { state }: InspectedState,
  session: string,
  beside: object,
): void {
  const kinds = { holds: 'lock', permits: 'semaphore', leads: 'election' } as const;
  const id = sessionOf(state, session);
  if (id === undefined) throw new Error(`There is no session "${session}" in this state.`);
  for (let after: number | undefined = 0; after !== undefined;) {
    const page = state.holdsOf(id, after, holdsPerPage);
    for (const part of ['holds', 'permits', 'leads'] as const)
      table.page(
        (page?.[part] ?? []).map((hold) => ({
          kind: kinds[part],
          ...wireRecord(hold),
          [shownCells]: [kinds[part], hold.name, String(hold.fenceToken)],
        })),
        (hold) => hold[shownCells],
      );
    after = page?.nextAfter;
  }
  table.end(beside);
}

/** Its id, as the state names it. */
function sessionOf(
  state: InspectedState['state'],
  text: string,
): Parameters<InspectedState['state']['holdsOf']>[0] | undefined {
  const page = state.list('session', { prefix: text, limit: 1 });
  const first = page.kind === 'session' ? page.rows[0]?.sessionId : undefined;
  return first === text ? first : undefined;
}
