/** Documents that follow from the code: what there is, in words. Written to docs/ by scripts/generate-documents.ts. */
import { errors } from '@holdfast/contract';
import { errorDefinitions } from '@holdfast/protocol';
import type { ErrorCode, ErrorDefinition } from '@holdfast/protocol';
import type { Engine } from '@holdfast/engine';
import { noCacheStatistics, noPayloadStatistics } from '@holdfast/engine/parts';
import { createMetrics } from './metrics/metrics.ts';
import { errorsOf, routes } from './http/routes.ts';
import { openApiDocument } from './openapi/document.ts';
import { streamDocument } from './stream/document.ts';

const generated =
  '<!-- Made from the code by packages/api/scripts/generate-documents.ts; do not edit. -->';

export const streamProtocolDocument = (): string => streamDocument(generated);

const retryInWords: Readonly<Record<ErrorDefinition['retry'], string>> = {
  never: 'no',
  later: 'later',
  same: 'yes, with the same request id',
};

const effectInWords: Readonly<Record<ErrorDefinition['effect'], string>> = {
  none: 'no',
  perhaps: 'perhaps',
};

const finderInWords: Readonly<Record<ErrorDefinition['by'], string>> = {
  cluster: 'the cluster',
  node: 'one node',
  client: 'the client',
};

const entriesOfErrors = Object.entries(errorDefinitions) as readonly (readonly [
  ErrorCode,
  ErrorDefinition,
])[];

/** @throws Error for a code that nothing answers with, or that is said to have no route and has one. */
export function errorsDocument(): string {
  // The relay answers as the operation does that it is asked for.
  const own = routes.filter(({ kind, isAlias }) => kind !== 'relay' && !isAlias);
  const rows = entriesOfErrors.map(([code, definition]) => {
    const { status, title, retry, effect, by, note } = definition;
    const answering = own.filter((route) => errorsOf(route).includes(code));
    const special = errors[code]?.answeredBy;
    if (answering.length > 0 === (special !== undefined)) {
      throw new Error(
        `The error code ${code} must be one of a route or listed as one of no route.`,
      );
    }
    const where =
      special ??
      (answering.length === own.length
        ? 'every path'
        : answering.map(({ method, path }) => `\`${method} ${path}\``).join(', '));
    const done = note === undefined ? effectInWords[effect] : `${effectInWords[effect]}: ${note}`;
    const told = `${done} | ${finderInWords[by]} | ${retryInWords[retry]}`;
    return `| \`${code}\` | ${String(status)} | ${title} | ${told} | ${where} |`;
  });
  return [
    generated,
    '',
    '# Errors',
    '',
    'Every error is a problem document (RFC 9457, `application/problem+json`) with `type`, `title`, `status`, `detail` and a stable `code`; branch on the code. Further fields tell the details, for example `field` for a field that is not valid, or `holders` for a lock that is held. On the client stream the same documents arrive as failed answers.',
    '',
    'Executed says whether the request that failed with this code may have been executed. "No": certainly not. "Perhaps": unknown, or unknown from this error alone. No error code means that it certainly was executed: only a successful response says that.',
    '',
    'Scope says how far that statement reaches. An error of the cluster is about the request, and holds for every copy of it that was sent with the same request id. An error of one node is about the copy that reached that node: an earlier copy that was lost on the way may have been executed nevertheless. The client library and the nodes take that into account and report `outcome_unknown` in that case.',
    '',
    'An acquire whose outcome is unknown can be cancelled by its request id (`POST /sessions/{session_id}/cancel`): once that is answered, nothing of it is held, and nothing will be granted later. The client library does so for every acquire of a `Session` and every one with a `cancel_id` whose outcome is unknown, until it is answered or the session ends; a `client.call` with a request id of its caller is cancelled by its signal alone, so that it can be repeated.',
    '',
    'Retry says whether the same request may be sent again. "Later": it may succeed later. "With the same request id": a retry with its request id gets the stored (idempotent) response instead of being executed twice.',
    '',
    '| Code | Status | Meaning | Executed | Scope | Retry | Returned by |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** An engine that is only asked for the names of its stats. */
function silentEngine(): Engine {
  const never = (): never => {
    throw new Error('This engine only stands in for one.');
  };
  return {
    submit: never,
    keepAlive: never,
    query: never,
    readCache: never,
    openCacheClient: never,
    listCache: never,
    cacheFills: { fillCache: never, endCacheFill: never },
    status: never,
    onStatus: never,
    onEvents: never,
    onGap: never,
    addMember: never,
    promoteMember: never,
    removeMember: never,
    transferLeadership: never,
    askMember: never,
    onAsked: never,
    openBackup: never,
    close: never,
    get access() {
      return never();
    },
    audit: { isOn: false, size: 0, head: '' },
    revision: 0,
    isForeign: never,
    stats: () => ({
      leaderChanges: 0,
      cache: noCacheStatistics,
      proposedBatches: 0,
      proposedCommands: 0,
      pendingCommands: 0,
      waitingAcquires: 0,
      onCommit: () => () => undefined,
      onTiming: () => () => undefined,
      storage: {
        commits: 0,
        pendingWrites: 0,
        lastCommitMs: 0,
        sizeBytes: 0,
        logBytes: 0,
        logMemoryBytes: 0,
        snapshotFailures: 0,
        payloads: noPayloadStatistics,
      },
    }),
  };
}

/** What each label of the metrics may be. */
const labelsInWords: Readonly<Record<string, string>> = {
  chain: 'of the audit: changes or refusals',
  method: 'of HTTP: those of declared paths',
  outcome: '`granted`, or an error code',
  peer: 'another member of the cluster',
  queue:
    'one of the first 1000 queues in the order of their names; `holdfast_queues_…` tell of all together',
  route: 'a declared path, or `unknown`',
  sharer: 'a member of the cluster, or `clients`',
  state: 'of a key of the cache: modified, exclusive, shared, invalid',
  status: 'of HTTP: those that answers have',
  use: 'of a certificate: clients or members',
  version: 'the release of the node',
};

/** @throws Error where a label has no words, or words have no label. */
function labelLines(used: readonly string[]): readonly string[] {
  const names = [...new Set(used)].toSorted();
  const known = Object.keys(labelsInWords).toSorted();
  if (names.join() !== known.join())
    throw new Error(
      `Labels of the metrics are ${names.join()}; labelsInWords has ${known.join()}.`,
    );
  return names.map((name) => `- \`${name}\`: ${labelsInWords[name] ?? ''}`);
}

export function metricsDocument(): string {
  const metrics = createMetrics({
    engine: silentEngine(),
    stream: () => ({ connections: 0, callers: 0, requests: 0 }),
    waiting: () => 0,
    queues: () => ({ query: () => Promise.reject(new Error('Nobody asks.')) }),
    waitingPops: () => 0,
    longestTurnSeconds: () => 0,
    version: '',
  });
  const rows = metrics
    .described()
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels} | ${help} |`);
  return [
    generated,
    '',
    '# Metrics',
    '',
    '`GET /metrics` answers in the text format of Prometheus, on the port of clients and, where `metrics.listen` is set, on one of its own. Alert rules and a dashboard are in [deploy/](../deploy/README.md).',
    '',
    'Labels are bounded; no name of a lock, a session or an identity is one:',
    '',
    ...labelLines(metrics.described().flatMap(({ labels }) => labels.match(/\w+/g) ?? [])),
    '',
    '"On the leader" means that other nodes report 0 or do not count. In addition there are the usual metrics of the process (`holdfast_process_*`, `holdfast_nodejs_*`). The five names without the prefix are those of the service that this one takes the place of.',
    '',
    '| Name | Kind | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function openApiText(version: string): string {
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}
