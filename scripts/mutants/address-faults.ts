/** Faults of who belongs together: lists of members, addresses, copies of a member. */
import type { Fault } from './fault.ts';

export const addressFaults: readonly Fault[] = [
  {
    name: 'different-initial-members-pass',
    breaks: 'nodes that count different majorities form one cluster',
    file: 'packages/engine/src/transport/initial-members.ts',
    find: `String(ownIds) === String(toldIds)`,
    put: `ownIds.length + toldIds.length > 0`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'initial-members-compared-for-ever',
    breaks:
      'members are kept out by what they were first started with, though the log names others',
    file: 'packages/engine/src/transport/initial-members.ts',
    find: `if (own.othersInLog && told.othersInLog) return undefined;`,
    put: ``,
    test: 'packages/engine/test/unit/initial-members.test.ts',
  },
  {
    name: 'last-option-wins',
    breaks: 'of --cluster-peers a --cluster-peers b a node knows b alone',
    file: 'packages/cli/src/repeated-options.ts',
    find: `if (given.length === 1) return;`,
    put: `if (given.length > 0) return;`,
    test: 'packages/cli/test/unit/repeated-options.test.ts',
  },
  {
    name: 'second-of-several-values-refused',
    breaks: 'a key cannot be made with two roles, nor an audit be compared with two checkpoints',
    file: 'packages/cli/src/repeated-options.ts',
    find: `    option.variadic ||
`,
    put: ``,
    test: 'packages/cli/test/unit/repeated-options.test.ts',
  },
  {
    name: 'removed-node-believed-without-a-leader',
    breaks: 'top shows the members that a removed node remembers while the others elect nobody',
    file: 'packages/cli/src/top/watch.ts',
    find: `    if (removed) return -1;
`,
    put: ``,
    test: 'packages/cli/test/unit/top/watch.test.ts',
  },
  {
    name: 'status-of-a-removed-node-first',
    breaks: 'status tells that a node was removed, and not that the others have no leader',
    file: 'packages/cli/src/ask-node.ts',
    find: `(first === undefined || first.removed)) first`,
    put: `first === undefined) first`,
    test: 'packages/cli/test/unit/ask-node.test.ts',
  },
  {
    name: 'top-believes-other-clusters',
    breaks:
      'an address that was a member once has "holdfast top" show the API key to whom it names',
    file: 'packages/cli/src/top/watch.ts',
    find: `answer === undefined || answer.cluster_id !== this.#clusterId`,
    put: `answer === undefined`,
    test: 'packages/cli/test/unit/top/watch.test.ts',
  },
  {
    name: 'top-shows-its-key-without-tls',
    breaks: 'a member that is told with an address without TLS is shown the API key in plain text',
    file: 'packages/cli/src/top/watch.ts',
    find: `isSecure(url) || !this.#endpoints.some(isSecure)`,
    put: `isSecure(url) || this.#endpoints.length > 0`,
    test: 'packages/cli/test/unit/top/watch.test.ts',
  },
  {
    name: 'key-shown-at-usual-ports',
    breaks: 'whatever listens on a usual port of this machine is shown the API key',
    file: 'packages/cli/src/endpoints.ts',
    find: `{ agent: false }`,
    put: `{ agent: false, headers: { authorization: process.env['HOLDFAST_API_KEY'] ?? '' } }`,
    test: 'packages/cli/test/unit/ask-node.test.ts',
  },
  {
    name: 'names-of-others-on-the-terminal',
    breaks: 'a client id of somebody else moves the cursor of an administrator, or forges a line',
    file: 'packages/cli/src/failure.ts',
    find: `: printable(\`\${message} (\${code})\`);`,
    put: `: \`\${message} (\${code})\`;`,
    test: 'packages/cli/test/unit/failure.test.ts',
  },
  {
    name: 'unknown-outcome-told-as-none',
    breaks: 'a change of the members that was executed is told as one that reached no node',
    file: 'packages/cli/src/reach-failure.ts',
    find: `ofHandshake.test(cause) && !ofRecord.test(cause)`,
    put: `ofHandshake.test(cause) || ofRecord.test(cause)`,
    test: 'packages/cli/test/unit/ask-node.test.ts',
  },
  {
    name: 'endpoints-behind-the-command-lost',
    breaks:
      'a node that is named behind the command is not asked where another one is named before it',
    file: 'packages/cli/src/program.ts',
    find: `given = [...(at.opts<GlobalOptions>().endpoint ?? []), ...given];`,
    put: `given = at.opts<GlobalOptions>().endpoint ?? given;`,
    test: 'packages/cli/test/unit/repeated-options.test.ts',
  },
  {
    name: 'redis-address-not-decoded',
    breaks:
      'a node whose Redis has a "%" in its password ends at its start, with no word of where it stands',
    file: 'packages/protocol/src/redis-address.ts',
    find: `if (username === undefined || password === undefined)`,
    put: `if (username === undefined && password === undefined)`,
    test: 'packages/protocol/test/unit/redis-address.test.ts',
  },
  {
    name: 'redis-host-in-brackets',
    breaks:
      'a Redis at an IPv6 address is looked for under the brackets of its URL, and never found',
    file: 'packages/protocol/src/redis-address.ts',
    find: `host: place.host,`,
    put: `host: url.hostname,`,
    test: 'packages/queue/test/integration/redis-addresses.test.ts',
  },
  {
    name: 'redis-database-passed-over',
    breaks:
      'two clusters that share a Redis, each with a database of its own, execute the queues of each other',
    file: 'packages/queue/src/redis/connection.ts',
    find: `await commands.select(database);`,
    put: `void database;`,
    test: 'packages/queue/test/integration/redis-addresses.test.ts',
  },
  {
    name: 'redis-database-of-a-cluster',
    breaks: 'the database of a Redis Cluster is passed over, and two clusters share their keys',
    file: 'packages/server/src/configuration/queue-settings.ts',
    find: `database !== undefined && database !== 0`,
    put: `database === undefined && database !== 0`,
    test: 'packages/server/test/unit/configuration/queue-settings.test.ts',
  },
  {
    name: 'voter-address-not-read',
    breaks: 'a bad address of a Redis voter is told as a server that does not answer',
    file: 'packages/redis-voters/src/connection.ts',
    find: `  if (!read.ok)
    throw`,
    put: `  if (!read.ok && !URL.canParse(url))
    throw`,
    test: 'packages/quorum-client/test/unit/arguments.test.ts',
  },
  {
    name: 'password-in-a-refusal',
    breaks: 'a password that is part of an address stands in the text that refuses it',
    file: 'packages/server/src/configuration/load.ts',
    find: `part.replace(/:\\/\\/.*@/s, '://…@')`,
    put: `part`,
    test: 'packages/server/test/unit/configuration/queue-settings.test.ts',
  },
  {
    name: 'advised-address-is-none',
    breaks: 'who forgets the brackets of ::1 is told to write [:]:1, which is no address',
    file: 'packages/protocol/src/host-port.ts',
    find: `Number(behind) <= largestPort && isIpv6(before)`,
    put: `Number(behind) <= largestPort && /^[0-9a-f:.]+$/i.test(before)`,
    test: 'packages/protocol/test/unit/host-port.test.ts',
  },
  {
    name: 'moved-members-not-told-on',
    breaks: 'two members that moved at once never find each other',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `    if (told.length === 0) return;
`,
    put: `    if (told.length > 0) return;
`,
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'address-of-an-earlier-start-told-on',
    breaks: 'an old address goes round among the members and takes the place of the new one',
    file: 'packages/engine/src/peer-addresses.ts',
    find: `if (address.starts <= newest || address.starts > newest + maxStartsAhead) continue; // ADDR-6`,
    put: `if (address.starts > newest + maxStartsAhead) continue; // ADDR-6`,
  },
  {
    name: 'configured-address-not-tried',
    breaks: 'a cluster that is started on other ports never finds a leader',
    file: 'packages/engine/src/peer-addresses.ts',
    find: `...learned, this.#configured.get(id) ?? inLog, inLog`,
    put: `...learned, inLog`,
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'address-of-a-stranger-believed',
    breaks: 'who is no member fills the file of addresses',
    file: 'packages/engine/src/peer-addresses.ts',
    find: `    if (address === undefined || !this.#options.knowledge.isKnownMember(id)) return false;`,
    put: `    if (address === undefined) return false;`,
  },
  {
    name: 'wrong-address-tried-for-ever',
    breaks:
      'a peer is looked for where it is not, again and again, though another address is known',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `return this.#untried.shift();`,
    put: `return this.#untried[0];`,
  },
  {
    name: 'copy-beside-the-member-let-in',
    breaks: 'two processes on copies of one folder both take part, and vote twice',
    file: 'packages/engine/src/transport/live-runs.ts',
    find: `    else if (arrival.connection.isOpen)
`,
    put: `    else if (lives) done(undefined);
    else if (arrival.connection.isOpen)
`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'restart-refused-for-ever',
    breaks: 'a member whose old connection is dead and open is taken for a copy of itself',
    file: 'packages/engine/src/transport/live-runs.ts',
    find: `this.#clock.after(livenessTimeoutMs, () => settle(false));`,
    put: `this.#clock.after(livenessTimeoutMs, () => settle(true));`,
  },
  {
    name: 'votes-before-it-is-let-in',
    breaks: 'a copy votes at one member before another one has refused it',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `    if (!this.#probation.isOver) return; // PROB-1
`,
    put: ``,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'older-copy-of-a-member-let-in',
    breaks: 'a member comes back with a folder that another process has gone on from',
    file: 'packages/engine/src/peer-runs.ts',
    find: `if (own.starts <= latest.starts) return latest;`,
    put: ``,
  },
  {
    name: 'other-way-of-a-folder-let-in',
    breaks: 'a member comes back with a folder that went another way than the one that voted',
    file: 'packages/engine/src/peer-runs.ts',
    find: `return then !== undefined && then.run !== latest.run ? latest : undefined;`,
    put: `return then === latest ? latest : undefined;`,
  },
  {
    name: 'process-counts-before-it-is-known',
    breaks: 'after a restart a node does not know whose messages it has taken',
    file: 'packages/engine/src/peer-runs.ts',
    find: `this.#file.write(text).then(`,
    put: `Promise.resolve().then(`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'process-counts-while-the-disk-takes-its-name',
    breaks: 'a node that crashes then does not know whose messages it has taken',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `        if (counted !== undefined)
          return counted.then(() => this.#receive(peer, frames.slice(at), on));
`,
    put: `        if (counted !== undefined) void at;
`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
    test: 'packages/engine/test/unit/slow-peer-files.test.ts',
  },
  {
    name: 'event-loop-waits-for-a-peers-file',
    breaks: 'on a slow disk a leader misses its heartbeats whenever a peer starts again',
    file: 'packages/engine/src/durable-file.ts',
    find: `await this.#disk.syncFolder(this.#folder);`,
    put: `const { fsyncSync, openSync } = process.getBuiltinModule('node:fs');
      fsyncSync(openSync(this.#folder, 'r'));`,
    hiddenFromRuns: 'runs have connections and disks of their own',
    test: 'packages/engine/test/unit/slow-peer-files.test.ts',
  },
  {
    name: 'let-in-beside-one-that-counted-meanwhile',
    breaks: 'a copy of a folder votes again, where the member voted while the copy was waiting',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `if (this.#options.runs.laterThan(peer, ownRuns) !== undefined) {`,
    put: `if (ownRuns.length === 0) {`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
    test: 'packages/engine/test/unit/slow-peer-files.test.ts',
  },
  {
    name: 'anybody-stops-a-node',
    breaks: 'a made-up refusal stops a member',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `if (stopping !== undefined && introductions.isOfMember(stopping, peer))`,
    put: `if (stopping !== undefined)`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'one-that-waits-stops-the-member',
    breaks:
      'a copy that was first at a node that restarted stops the member, and may be refused itself',
    file: 'packages/engine/src/transport/live-runs.ts',
    find: `stops: lives && (present.takesPart || !arrival.takesPart)`,
    put: `stops: lives`,
    test: 'packages/engine/test/unit/live-runs.test.ts',
  },
  {
    name: 'dead-process-takes-the-place-of-its-restart',
    breaks:
      'a hello that was under way when a process ended keeps out the one that has started since',
    file: 'packages/engine/src/transport/live-runs.ts',
    find: `if (!lives && !isEarlier) this.arrive`,
    put: `if (!lives) this.arrive`,
    test: 'packages/engine/test/unit/live-runs.test.ts',
  },
  {
    name: 'full-disk-blamed-on-the-peer',
    breaks: 'a node that cannot remember its peers goes on deaf to them, and may lead',
    file: 'packages/engine/src/transport/incoming.ts',
    find: `if (error instanceof DiskError) onDiskError(error);
      else if (this.isOpen) this.#drop(error);`,
    put: `if (this.isOpen) this.#drop(error);`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'starts-without-a-bound',
    breaks: 'one hello with the largest number keeps a member out for good',
    file: 'packages/engine/src/transport/run-names.ts',
    find: `const maxStartsAhead = 1_000_000;`,
    put: `const maxStartsAhead = Infinity;`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'end-of-probation-not-told',
    breaks: 'a member that has started is held for one that has not voted until it leads or votes',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `      else if (frame.kind === frameKinds.takesPart) this.#liveRuns.takesPart(peer);
`,
    put: `      else if (frame.kind === frameKinds.takesPart) continue;
`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'told-starts-without-a-bound',
    breaks:
      'one word of a member with the largest number keeps the address of another wrong for good',
    file: 'packages/engine/src/peer-addresses.ts',
    find: `address.starts > newest + maxStartsAhead`,
    put: `address.starts > newest + Infinity`,
    test: 'packages/engine/test/unit/peer-addresses.test.ts',
  },
  {
    name: 'doctor-drops-the-path',
    breaks:
      'of a node behind a reverse proxy "holdfast doctor" says that it is none: it asks beside its path',
    file: 'packages/cli/src/doctor/ask.ts',
    find: `at.pathname = at.pathname.replace(/\\/*$/, path);`,
    put: `at.pathname = path;`,
    test: 'packages/cli/test/unit/doctor.test.ts',
  },
  {
    name: 'bad-endpoint-without-a-code',
    breaks:
      'a program that is given a bad address gets an error without a code, which it cannot tell from a fault',
    file: 'packages/protocol/src/endpoint.ts',
    find: `if (read.ok) return read.endpoint;
  throw new HoldfastError(`,
    put: `if (read.ok) return read.endpoint;
  if (!read.ok) throw new TypeError(read.problem);
  throw new HoldfastError(`,
    test: 'packages/protocol/test/unit/endpoint.test.ts',
  },
  {
    name: 'host-with-port-is-no-endpoint',
    breaks: 'host:port, which the docs name, is refused as the address of a node',
    file: 'packages/protocol/src/endpoint.ts',
    find: `readUrl(\`\${scheme ?? 'http'}://\${rest}\`)`,
    put: `readUrl(given)`,
    test: 'packages/protocol/test/unit/endpoint.test.ts',
  },
  {
    name: 'bad-endpoints-left-out',
    breaks: 'a client goes without the nodes whose addresses are bad, and nobody is told',
    file: 'packages/client/src/client.ts',
    find: `return given.map((one) => endpointOf(typeof one === 'string' ? one : describe(one)));`,
    put: `return given.filter((one) => typeof one === 'string' && URL.canParse(one)).map((one) => endpointOf(String(one)));`,
    test: 'packages/client/test/unit/endpoints.test.ts',
  },
  {
    name: 'no-endpoints-taken',
    breaks: 'a client without any address asks nobody until its call has no time left',
    file: 'packages/client/src/client.ts',
    find: `  if (given.length === 0)
`,
    put: `  if (given.length < 0)
`,
    test: 'packages/client/test/unit/endpoints.test.ts',
  },
];
