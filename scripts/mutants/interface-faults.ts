/** Faults in how the service is asked: HTTP, gRPC, metrics, the command line. */
import type { Fault } from './fault.ts';

export const interfaceFaults: readonly Fault[] = [
  {
    name: 'methods-of-a-path-not-told',
    breaks: 'who asks a path with another method is told that there is no such path',
    file: 'packages/api/src/http/problems.ts',
    find: `  const methods = methodsOf(request.url);`,
    put: `  const methods = request.url === '' ? methodsOf(request.url) : undefined;`,
    test: 'packages/api/test/unit/http-methods.test.ts',
  },
  {
    name: 'query-of-a-delete-not-read',
    breaks: 'a DELETE without a body, which is all that some programs send, has no fields',
    file: 'packages/api/src/http/request-schemas.ts',
    find: `    querystring: method === 'GET' ? rest : method === 'DELETE' ? optional : nothing,`,
    put: `    querystring: method === 'GET' ? rest : nothing,`,
    test: 'packages/api/test/unit/http-methods.test.ts',
  },
  {
    name: 'end-of-another-lock-told',
    breaks: 'who asks about a lock with the token of another one is told how that one was lost',
    file: 'packages/state/src/kernel/tables.ts',
    find: `    return ended?.kind === kind && ended.name === name ? ended : undefined;`,
    put: `    return ended?.kind === kind || ended?.name === name ? ended : undefined;`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'position-among-told-events',
    breaks: 'a release that tells more kinds of events shifts the positions that were given before',
    file: 'packages/api/src/watch/wire-events.ts',
    find: `positionText({ revision, number: index + 1 })`,
    put: `positionText({ revision, number: index < 0 ? index : all.length + 1 })`,
    test: 'packages/api/test/unit/watching.test.ts',
  },
  {
    name: 'future-position-waits',
    breaks: 'who gives a position that the cluster has not reached waits for ever',
    file: 'packages/api/src/operations/events.ts',
    find: `  return position.revision > latest ? futurePosition(text, latest) : position;`,
    put: `  return position.revision > latest * 1e9 ? futurePosition(text, latest) : position;`,
    test: 'packages/api/test/unit/watching.test.ts',
  },
  {
    name: 'position-judged-by-one-node',
    breaks: 'a node that lags behind refuses a position that another one told',
    file: 'packages/api/src/operations/events.ts',
    find: `  if (revision <= appliedIndex) return appliedIndex;`,
    put: `  if (revision <= appliedIndex || appliedIndex > 0) return appliedIndex;`,
    test: 'packages/api/test/unit/watching.test.ts',
  },
  {
    name: 'watch-outlives-its-stream',
    breaks: 'a watch that was being begun when its client left follows the feed for ever',
    file: 'packages/api/src/stream/watches.ts',
    find: `    if (this.#ended) watcher.close();
    else this.#watchers.set(id, watcher);`,
    put: `    this.#watchers.set(id, watcher);`,
    test: 'packages/api/test/unit/watching.test.ts',
  },
  {
    name: 'list-keeps-what-has-gone',
    breaks:
      'a list goes on naming sessions and latches that are gone, and every page is slower for it',
    file: 'packages/state/src/kernel/collections/named-map.ts',
    find: `    if (isDeleted) this.names.remove(name);`,
    put: `    if (isDeleted && name === '') this.names.remove(name);`,
    test: 'packages/state/test/unit/named-map.test.ts',
  },
  {
    name: 'list-looks-without-end',
    breaks:
      'a list of what one client uses looks at every name in one turn, and the node answers nobody meanwhile',
    file: 'packages/state/src/kernel/listing.ts',
    find: `    if (steps > maxSteps) return { rows, nextAfter: last }; // LIST-1`,
    put: ``,
    test: 'packages/state/test/unit/listing.test.ts',
  },
  {
    name: 'list-skips-what-many-hold',
    breaks: 'a list of what a client uses leaves out what it holds together with very many others',
    file: 'packages/state/src/kernel/listing.ts',
    find: `      if (steps > maxSteps && !isFirst) return 'not known';`,
    put: `      if (steps > maxSteps) break;`,
    test: 'packages/state/test/unit/listing.test.ts',
  },
  {
    name: 'requests-counted-by-their-paths',
    breaks: 'every name that somebody asks for makes time series of its own, without end',
    file: 'packages/api/src/http/application.ts',
    find: `    const route = contractPath(routeOptions.url ?? 'unknown');`,
    put: `    const route = contractPath(request.url.split('?')[0] ?? routeOptions.url ?? 'unknown');`,
    test: 'packages/api/test/unit/metrics/names.test.ts',
  },
  {
    name: 'wall-clock-lost-on-the-way',
    breaks: 'followers tell events without their time, and so do leaders after a restart',
    file: 'packages/engine/src/batch.ts',
    find: `    ...(wallMs === undefined ? {} : { wallMs }),`,
    put: ``,
    test: 'packages/engine/test/unit/batch.test.ts',
  },
  {
    name: 'answers-kept-on-the-way',
    breaks: 'a proxy answers a pop with the message of another one, and a read with an old value',
    file: 'packages/api/src/http/application.ts',
    find: `    reply.header('cache-control', 'no-store'); // NO-STORE-1; files of the dashboard say otherwise.`,
    put: ``,
    test: 'packages/api/test/unit/http-methods.test.ts',
  },
  {
    name: 'field-of-newer-files-left-out',
    breaks: 'GRPC-11: a caller with newer files is granted what it did not ask for',
    file: 'packages/api/src/grpc/wire-check.ts',
    find: `    const field = type.fieldsById[tag >>> 3];
    if (field === undefined)`,
    put: `    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) reader.skipType(tag & 7);
    if (field === undefined) continue;
    if (field.id === 0)`,
    test: 'packages/api/test/unit/as-sent.test.ts',
  },
  {
    name: 'two-names-of-grpc-are-one',
    breaks: 'GRPC-11: two names that are not UTF-8 are the same lock',
    file: 'packages/api/src/grpc/wire-check.ts',
    find: `  if (type !== 'string' || isUtf8(bytes)) return undefined;`,
    put: `  if (type !== 'string' || bytes.length > 0) return undefined;`,
    test: 'packages/api/test/unit/as-sent.test.ts',
  },
  {
    name: 'two-names-of-a-stream-are-one',
    breaks: 'STREAM-FRAME-2: two names that are not UTF-8 are the same lock',
    file: 'packages/api/src/stream/frame.ts',
    find: `  if (isBinary && !isUtf8(data))`,
    put: `  if (isBinary && data.length === 0)`,
    test: 'packages/api/test/unit/as-sent.test.ts',
  },
];
