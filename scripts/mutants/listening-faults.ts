/** Faults of the addresses on which nodes listen, and of what is told of them. Whole clusters have no addresses. */
import type { Fault } from './fault.ts';

export const listeningFaults: readonly Fault[] = [
  {
    name: 'brackets-left-out',
    breaks: 'an IPv6 address runs into its port: nobody finds the node',
    file: 'packages/protocol/src/host-port.ts',
    find: "return bare.includes(':') ? `[${bare}]` : bare;",
    put: 'return bare;',
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'brackets-left-on',
    breaks: 'a node looks for an IPv6 address as if it were a name',
    file: 'packages/protocol/src/host-port.ts',
    find: 'const host = inBrackets === null ? given : canonicalIpv6(given);',
    put: 'const host = inBrackets === null ? given : `[${given}]`;',
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'spellings-taken-for-addresses',
    breaks: 'two spellings of one IPv6 address count as two nodes',
    file: 'packages/protocol/src/host-port.ts',
    find: "return hostname?.startsWith('[') === true ? `${hostname.slice(1, -1)}${scope}` : undefined;",
    put: "return hostname?.startsWith('[') === true ? `${address}${scope}` : undefined;",
  },
  {
    name: 'wildcard-told-to-clients',
    breaks: 'clients are sent to an address that leads each of them to its own machine',
    file: 'packages/server/src/configuration/addresses.ts',
    find: `httpAdvertise !== '' || !(isWildcardHost(httpHost) || httpHost.includes('%'));`,
    put: `httpAdvertise !== '' || httpHost !== '';`,
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'wildcard-told-to-peers',
    breaks: 'members remember an address of a node that leads each of them to itself',
    file: 'packages/server/src/configuration/load.ts',
    find: `if (isWildcardHost(hostPortOf(peerAdvertise)?.host ?? ''))`,
    put: `if (hostPortOf(peerAdvertise) === undefined)`,
  },
  {
    name: 'advertised-address-not-read',
    breaks: 'what is no URL is told to clients, which hold locks, as the address of a node',
    file: 'packages/server/src/configuration/addresses.ts',
    find: '  const read = readToldEndpoint(text);\n  return read.ok\n',
    put: '  const read = readToldEndpoint(text);\n  if (!read.ok) return { ok: true, value: text };\n  return read.ok\n',
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'learned-address-told-on',
    breaks: 'what a peer says of its address goes on to clients, whatever it is',
    file: 'packages/engine/src/transport/hello.ts',
    find: `return read.ok ? read.endpoint.url : '';`,
    put: `return read.ok ? read.endpoint.url : value;`,
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'member-anywhere',
    breaks: 'a member is added at an address that leads the others to themselves',
    file: 'packages/protocol/src/host-port.ts',
    find: `  if (isWildcardHost(host))
    return { ok: false, problem`,
    put: `  if (host === '')
    return { ok: false, problem`,
    test: 'packages/protocol/test/unit/host-port.test.ts',
  },
  {
    name: 'wildcard-told-where-it-listens',
    breaks: 'a node says that it is reached at an address that is none',
    file: 'packages/api/src/api.ts',
    find: 'url = `${scheme}://${formatHostPort(hostOnThisMachine(options.host), port)}`;',
    put: 'url = `${scheme}://${formatHostPort(options.host, port)}`;',
    test: 'packages/api/test/unit/listening.test.ts',
  },
  {
    name: 'metrics-port-without-tls',
    breaks: 'metrics on a port of their own are read by who has no certificate',
    file: 'packages/api/src/http/metrics-application.ts',
    find: `    ...(security === undefined
      ? {}
      : { serverFactory: secureServer(security, checkEveryMs(limits)) }),
`,
    put: '',
    test: 'packages/api/test/unit/secured.test.ts',
  },
  {
    name: 'metrics-port-exposed-unnoticed',
    breaks: 'other machines read metrics without a word of the operator that they may',
    file: 'packages/server/src/configuration/exposure.ts',
    find: "if (metricsListen !== null) add('metrics.listen', metricsListen.host);",
    put: '',
  },
  {
    name: 'reload-ends-a-node-without-tls',
    breaks: 'a reload by the service manager ends a node without TLS, and nothing starts it anew',
    file: 'packages/server/src/process.ts',
    find: `if (this.#hasFiles || isService) process.on`,
    put: `if (this.#hasFiles) process.on`,
    hiddenFromRuns: 'no run has signals',
    test: 'packages/server/test/slow/process.test.ts',
  },
];
