import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ConfigurationError,
  flagOf,
  loadConfiguration,
  settings,
  variableOf,
} from '../../../src/index.ts';
import { toldClientUrl } from '../../../src/configuration/addresses.ts';
import { explainWrongValue } from '../../../src/configuration/wrong-value.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-configuration-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

function fileWith(text: string): string {
  files += 1;
  const path = join(folder, `${String(files)}.yaml`);
  writeFileSync(path, text);
  return path;
}

function refusal(sources: Parameters<typeof loadConfiguration>[0]): string {
  try {
    loadConfiguration(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  assert.fail('the configuration was accepted');
}

describe('the sources of a setting', () => {
  it('are flag, then environment, then file, then default, whichever of them are there', () => {
    const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
    fc.assert(
      fc.property(port, port, port, (flag, variable, inFile) => {
        const configuration = loadConfiguration({
          ...(flag === undefined ? {} : { flags: { 'http-port': String(flag) } }),
          ...(variable === undefined
            ? {}
            : { environment: { HOLDFAST_HTTP_PORT: String(variable) } }),
          ...(inFile === undefined ? {} : { file: fileWith(`http:\n  port: ${String(inFile)}\n`) }),
        });
        assert.equal(configuration.httpPort, flag ?? variable ?? inFile ?? 8080);
      }),
      { numRuns: 60 },
    );
  });

  it('have one flag and one variable each, made from the key', () => {
    assert.equal(new Set(settings.map(flagOf)).size, settings.length);
    assert.equal(new Set(settings.map(variableOf)).size, settings.length);
  });

  it('agree: each default, written as text, is read back as it is', () => {
    const environment = Object.fromEntries(
      settings.map((setting) => [
        variableOf(setting),
        Array.isArray(setting.default) ? setting.default.join(',') : String(setting.default),
      ]),
    );
    assert.deepEqual(loadConfiguration({ environment }), loadConfiguration({}));
  });

  it('refuse an empty text where a number belongs, instead of reading it as 0', () => {
    assert.match(refusal({ environment: { HOLDFAST_HTTP_PORT: '' } }), /HOLDFAST_HTTP_PORT/);
  });
});

describe('what is not known', () => {
  it('is refused with the nearest known key of the file', () => {
    const file = fileWith('locks:\n  default_ttl_second: 30\n');
    assert.match(
      refusal({ file }),
      /no setting "locks\.default_ttl_second"; did you mean "locks\.default_ttl_seconds"/,
    );
  });

  it('is refused with the nearest known variable', () => {
    assert.match(
      refusal({ environment: { HOLDFAST_HTTP_PROT: '1' } }),
      /"HOLDFAST_HTTP_PROT"; did you mean "HOLDFAST_HTTP_PORT"/,
    );
  });

  it('may stand in the environment when it is for another command', () => {
    const environment = { HOLDFAST_ENDPOINTS: 'x', HOLDFAST_FENCE_TOKEN: '1', PATH: '/bin' };
    assert.doesNotThrow(() => loadConfiguration({ environment }));
  });
});

describe('a configuration with mistakes', () => {
  it('names all of them at once, each with where it comes from and what was given', () => {
    const file = fileWith('consensus:\n  heartbeat_interval_ms: fast\nstorage: here\n');
    const message = refusal({ file, flags: { 'http-port': '70000' } });
    assert.match(message, /--http-port: .*65535.*given: "70000"/);
    assert.match(message, /consensus\.heartbeat_interval_ms: .*given: "fast"/);
    assert.match(message, /"storage" must be a section/);
  });

  const values: readonly (readonly [flag: string, given: string, told: string])[] = [
    ['http-port', 'abc', 'must be an integer from 0 to 65535. Use a value in this range.'],
    ['http-port', '-1', 'must be an integer from 0 to 65535. Use a value in this range.'],
    ['http-port', '1e99', 'must be an integer from 0 to 65535. Use a value in this range.'],
    ['grpc-enabled', 'yes', 'must be true or false. Use one of these.'],
    ['log-format', 'xml', 'must be one of auto, json, text. Use one of these.'],
    ['consensus-algorithm', 'paxos', 'must be "raft". Use this value, or leave the setting out.'],
    ['storage-folder', '', 'must be a text that is not empty.'],
    ['cluster-cluster-id', 'a b', 'must be 1 to 64 letters, digits, ".", "_" or "-". Correct it.'],
  ];
  for (const [flag, given, told] of values)
    it(`says what --${flag} takes and what to do where it is ${JSON.stringify(given)}`, () => {
      const message = refusal({ flags: { [flag]: given } });
      assert.ok(message.includes(`--${flag}: ${told}`), message);
      assert.ok(message.includes(`(given: ${JSON.stringify(given)})`), message);
    });

  it('has no text of a library for any setting, whatever is given', () => {
    for (const { key, schema } of settings)
      for (const given of [Number.NaN, -1e12, 1e99, 'x'.repeat(5000), {}, [''], null, undefined]) {
        const { success, error } = schema.safeParse(given);
        if (success) continue;
        const told = explainWrongValue(schema, error.issues);
        assert.doesNotMatch(told, /Invalid|expected|received|Too /, key);
        assert.match(told, /\. [A-Z].*\.$/, key);
      }
  });

  const contradictions: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
    [
      'an election timeout that a late heartbeat would reach',
      'consensus:\n  election_timeout_ms: 150\n  heartbeat_interval_ms: 100\n',
      /at least twice the heartbeat/,
    ],
    ['peers without an address of its own', 'cluster:\n  peers: ["b:1"]\n', /cluster\.listen/],
    [
      'itself among its peers',
      'cluster:\n  node_id: a\n  listen: "a:1"\n  peers: ["a=z:1", "b:1"]\n',
      /node id "a" is there twice/,
    ],
    [
      'two peers at one address',
      'cluster:\n  listen: "z:1"\n  peers: ["b=x:1", "c=x:1"]\n',
      /address "x:1" is there twice/,
    ],
    [
      'an address for peers that leads each to itself',
      'cluster:\n  listen: "0.0.0.0:1"\n  peers: ["b:1"]\n',
      /cluster\.advertise/,
    ],
    [
      'a URL for clients that leads each to itself',
      'cluster:\n  listen: "a:1"\n  peers: ["b:1"]\nhttp:\n  host: 0.0.0.0\n',
      /http\.advertise/,
    ],
    [
      'an address for peers that leads whoever joins later to itself',
      'cluster:\n  listen: "[::]:1"\nhttp:\n  advertise: "http://a"\n',
      /cluster\.listen is \[::\]:1, so cluster\.advertise/,
    ],
    [
      'a URL for clients that leads whoever joins later to itself',
      'cluster:\n  listen: "a:1"\nhttp:\n  host: "::"\n',
      /http\.host is ::, so http\.advertise must say .*http:\/\/NAME-OF-THIS-MACHINE:8080/,
    ],
    [
      'an address for clients that means something on its own machine only',
      'cluster:\n  listen: "a:1"\nhttp:\n  host: "fe80::1%eth0"\n',
      /http\.advertise/,
    ],
    [
      'a default lease that is longer than the longest',
      'locks:\n  max_ttl_seconds: 10\n',
      /default_ttl_seconds is longer/,
    ],
    ['a join to nobody', 'cluster:\n  join: true\n', /cluster\.peers must name/],
  ];
  for (const [what, text, expected] of contradictions) {
    it(`is refused: ${what}`, () => {
      assert.match(refusal({ file: fileWith(text) }), expected);
    });
  }

  it('is refused: a file that is not there, named', () => {
    assert.match(refusal({ file: join(folder, 'absent.yaml') }), /absent\.yaml cannot be read/);
  });
});

describe('addresses', () => {
  const cluster = {
    'cluster-listen': '[::1]:7000',
    'cluster-peers': 'b=[::1]:7001,c=[0:0::1]:7002',
  };

  it('of peers may be of IPv6, in brackets, and have one form', () => {
    const { peerListen, peerAdvertise, peers } = loadConfiguration({ flags: cluster });
    assert.deepEqual(peerListen, { host: '::1', port: 7000 });
    assert.equal(peerAdvertise, '[::1]:7000');
    assert.deepEqual(peers, [
      { id: 'b', address: '[::1]:7001' },
      { id: 'c', address: '[::1]:7002' },
    ]);
  });

  it('are found twice in two spellings', () => {
    const flags = { ...cluster, 'cluster-peers': 'b=[0:0:0:0:0:0:0:1]:7000' };
    assert.match(refusal({ flags }), /address "\[::1\]:7000" is there twice/);
  });

  const told: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['an IPv6 address, in brackets', { 'http-host': '::1' }, 'http://[::1]:8080'],
    ['one that was given in brackets', { 'http-host': '[::1]' }, 'http://[::1]:8080'],
    ['what is to be told', { 'http-host': '::', 'http-advertise': 'https://a/b/' }, 'https://a/b'],
    ['host:port', { 'http-advertise': 'localhost:33034' }, 'http://localhost:33034'],
    ['[host]:port', { 'http-advertise': '[::1]:33034' }, 'http://[::1]:33034'],
    ['nothing where a single node listens on all addresses', { 'http-host': '0.0.0.0' }, ''],
    ['nothing where it listens on all of IPv6 too', { 'http-host': '::' }, ''],
    ['nothing for an address with a zone', { 'http-host': 'fe80::1%eth0' }, ''],
  ];
  for (const [what, flags, url] of told)
    it(`are told to clients: ${what}`, () => {
      const configuration = loadConfiguration({ flags: { ...flags, insecure: true } });
      assert.equal(toldClientUrl(configuration, configuration.httpPort), url);
    });

  const wrong: readonly (readonly [flag: string, given: string, expected: RegExp])[] = [
    ['cluster-listen', '::1:7000', /must have an IPv6 address in brackets: \[::1\]:7000/],
    ['cluster-listen', '7000', /must be host:port/],
    ['cluster-listen', '127.0.0.1:0', /a fixed port/],
    ['cluster-advertise', '[::]:7000', /must be reachable by others/],
    ['cluster-peers', 'b=0.0.0.0:7000', /must be reachable by others/],
    ['cluster-peers', '[::1]:7000', /must name the node in front of this address: id=\[::1\]:7000/],
    ['cluster-peers', 'b=::1:7000', /\[::1\]:7000/],
    ['cluster-peers', 'b/c=x:7000', /id=host:port/],
    ['http-host', 'localhost:8080', /without a port/],
    ['http-host', 'http://localhost', /without a port/],
    ['http-host', '', /without a port/],
    ['grpc-host', '[::1', /without a port/],
    ['http-advertise', 'ftp://a:1', /must begin with http/],
    ['http-advertise', 'http://a b', /space/],
    ['http-advertise', 'localhost', /host:port/],
    ['http-advertise', 'http://[::]:8080', /all addresses/],
    ['http-advertise', 'http://0.0.0.0:8080', /all addresses/],
    ['http-advertise', '::1:8080', /\[::1\]:8080/],
    ['http-allowed-origins', 'localhost:3000', /web origin such as https/],
    ['http-allowed-origins', 'https://a/b', /web origin such as https/],
  ];
  for (const [flag, given, expected] of wrong)
    it(`are refused with the right spelling: --${flag} ${JSON.stringify(given)}`, () => {
      const message = refusal({ flags: { [flag]: given } });
      assert.match(message, new RegExp(`--${flag}`));
      assert.match(message, expected);
    });

  it('of web origins have the form that browsers send', () => {
    const flags = { 'http-allowed-origins': 'http://[0:0::1]:3000/,HTTPS://Console.Example' };
    assert.deepEqual(loadConfiguration({ flags }).allowedOrigins, [
      'http://[::1]:3000',
      'https://console.example',
    ]);
  });
});

describe('peers and timeouts', () => {
  it('take the host as node id where none is given', () => {
    const { peers } = loadConfiguration({
      flags: { 'cluster-listen': '127.0.0.1:1', 'cluster-peers': 'node-2:9090, c=127.0.0.1:9' },
    });
    assert.deepEqual(peers, [
      { id: 'node-2', address: 'node-2:9090' },
      { id: 'c', address: '127.0.0.1:9' },
    ]);
  });

  it('spread the election timeout to twice its shortest unless the longest is given', () => {
    const flags = { 'consensus-election-timeout-ms': '400' };
    assert.equal(loadConfiguration({ flags }).electionTimeoutMaxMs, 800);
    const given = { ...flags, 'consensus-election-timeout-max-ms': '500' };
    assert.equal(loadConfiguration({ flags: given }).electionTimeoutMaxMs, 500);
  });
});

describe('gRPC', () => {
  it('is served on 127.0.0.1:8081 unless it is configured otherwise', () => {
    const served = { health: true, reflection: true };
    const byDefault = loadConfiguration({}).grpc;
    assert.deepEqual(byDefault, { host: '127.0.0.1', port: 8081, ...served });
    const flags = { 'grpc-host': '::1', 'grpc-port': '0' };
    assert.deepEqual(loadConfiguration({ flags }).grpc, { host: '::1', port: 0, ...served });
  });

  it('can be switched off', () => {
    const file = fileWith('grpc:\n  enabled: false\n');
    assert.equal(loadConfiguration({ file }).grpc, null);
    const environment = { HOLDFAST_GRPC_ENABLED: 'false' };
    assert.equal(loadConfiguration({ environment }).grpc, null);
    assert.match(
      refusal({ environment: { HOLDFAST_GRPC_ENABLED: 'no' } }),
      /HOLDFAST_GRPC_ENABLED/,
    );
  });
});

describe('the files in config/', () => {
  const configFolder = new URL('../../../../../config/', import.meta.url).pathname;
  for (const name of readdirSync(configFolder)) {
    it(`${name} can be used as it is`, () => {
      assert.doesNotThrow(() => loadConfiguration({ file: join(configFolder, name) }));
    });
  }

  it('node1 to node3 name each other under the addresses on which they listen', () => {
    const nodes = ['node1', 'node2', 'node3'].map((name) =>
      loadConfiguration({ file: join(configFolder, `${name}.yaml`) }),
    );
    const members = (node: (typeof nodes)[number]): readonly string[] =>
      [{ id: node.nodeId, address: node.peerAdvertise }, ...node.peers]
        .map(({ id, address }) => `${id}=${address}`)
        .sort();
    assert.deepEqual(
      nodes.map((node) => node.httpPort),
      [5000, 5001, 5002],
    );
    assert.deepEqual(
      nodes.map((node) => node.grpc?.port),
      [6000, 6001, 6002],
    );
    assert.equal(new Set(nodes.map((node) => node.clusterId)).size, 1);
    assert.equal(new Set(nodes.map((node) => node.folder)).size, 3);
    for (const node of nodes) assert.deepEqual(members(node), members(nodes[0] ?? node));
  });
});
