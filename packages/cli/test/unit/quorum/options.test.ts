import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Command } from 'commander';
import { portsOf, wordsOf } from '../../../src/commands/quorum-cluster.ts';
import { UsageError } from '../../../src/failure.ts';
import { localHost } from '../../../src/local-host.ts';
import { apiKeyOf } from '../../../src/quorum/api-key.ts';
import { nodeSettings, nodeTimes } from '../../../src/quorum/node-settings.ts';
import { graceWithin } from '../../../src/quorum/run-under-quorum.ts';
import { serverUrlsOf } from '../../../src/quorum/redis-servers.ts';
import { checkName, nodesOf, quorumOf, refuseEndpoints } from '../../../src/quorum/voters.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-options-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('the nodes of a quorum', () => {
  it('are those of the option, else of the variable, else the usual ones', () => {
    const environment = { HOLDFAST_QUORUM_NODES: 'x:1,y:1,z:1' };
    assert.deepEqual(nodesOf({ nodes: 'a:1, http://b:1/,https://c' }, environment), [
      'http://a:1',
      'http://b:1',
      'https://c',
    ]);
    assert.deepEqual(nodesOf({}, environment), ['http://x:1', 'http://y:1', 'http://z:1']);
    assert.deepEqual(
      nodesOf({}, {}),
      [5001, 5002, 5003].map((port) => `http://127.0.0.1:${String(port)}`),
    );
  });

  for (const wrong of ['', 'a:1', 'a:1,b:1', 'a:1,b:1,a:1', 'a:1,b:1,http://a:1/', 'a:1,,b:1'])
    it(`are refused: "${wrong}"`, () => {
      assert.throws(() => nodesOf({ nodes: wrong }, {}), UsageError);
    });

  it('given a drift buffer that does not fit the ttl, then it is refused as wrong usage', async () => {
    const options = { nodes: 'a:1,b:1,c:1', epoch: '1' };
    assert.equal((await quorumOf(options, 15_000, 'me')).driftBufferMs, 500);
    assert.equal((await quorumOf(options, 60_000, 'me')).driftBufferMs, 1200);
    await assert.rejects(quorumOf({ ...options, driftBuffer: '0.1' }, 15_000, 'me'), UsageError);
    await assert.rejects(quorumOf({ ...options, epoch: 'x' }, 15_000, 'me'), UsageError);
  });
});

describe('the Redis servers of a quorum', () => {
  const urls = (first: string): readonly string[] | undefined =>
    serverUrlsOf({ voters: `${first}, redis://b:1,redis://c:1` }, {});

  it('may have IPv6 addresses, passwords and databases', () => {
    for (const first of ['redis://a:1', 'redis://[::1]:1', 'rediss://:p%25@a/3'])
      assert.deepEqual(urls(first), [first, 'redis://b:1', 'redis://c:1']);
  });

  it('are refused before they are asked where an address is none, without its password', () => {
    assert.throws(
      () => urls('redis://:100%@a'),
      (error) =>
        error instanceof UsageError && error.message.includes('"redis://…@a" has a "%" in its'),
    );
    for (const wrong of ['', 'a:1', 'http://a', 'redis://a:0', 'redis://a/x', 'redis://a?db=1'])
      assert.throws(() => urls(wrong), UsageError, wrong);
  });
});

describe('a name', () => {
  it('is refused where no voter takes it, before anybody is asked', () => {
    assert.throws(() => checkName('A lock', ''), UsageError);
    assert.throws(() => checkName('A lock', 'x'.repeat(257)), /at most 256 characters; given: 257/);
    checkName('A lock', 'x'.repeat(256));
  });
});

describe('nodes of a cluster', () => {
  it('are refused by the option that names voters of this kind', () => {
    const refusal = (name: string, ...words: readonly string[]): string => {
      const command = new Command(name).option('--endpoint <url>').option('--voters <list>');
      command.parse(['--endpoint', 'a:1', ...words], { from: 'user' });
      try {
        refuseEndpoints(command);
      } catch (error) {
        return error instanceof UsageError ? error.message : '';
      }
      return '';
    };
    assert.match(refusal('run'), /--nodes URL/);
    assert.match(refusal('run', '--voters', 'redis://a'), /--voters redis:/);
    assert.match(refusal('admit'), /--voters redis:/);
  });
});

describe('the ports of lease nodes on this machine', () => {
  it('are 3, 5 or 7 different ones', () => {
    assert.deepEqual(portsOf('1,2, 3'), [1, 2, 3]);
    for (const wrong of ['', '1', '1,2', '1,2,3,4', '1,2,2', '0,1,2', '1,2,65536', '1,,2', 'a,b,c'])
      assert.throws(() => portsOf(wrong), UsageError, wrong);
  });
});

describe('the address of all nodes of this machine', () => {
  it('is one, without its port, 127.0.0.1 where none is given', () => {
    assert.equal(localHost(undefined), '127.0.0.1');
    assert.equal(localHost('::1'), '::1');
    assert.equal(localHost('[::1]'), '::1');
    for (const wrong of ['::', '0.0.0.0', '[::1]:5000', 'localhost:1', '', 'fe80::1%lo'])
      assert.throws(() => localHost(wrong), UsageError, wrong);
  });
});

describe('the grace of a command under a quorum lease', () => {
  it('is cut to what a renewal leaves of the lease, unless it was asked for', () => {
    assert.equal(graceWithin(15_000, 500, 3750, undefined), 3750);
    assert.equal(graceWithin(2000, 600, 500, undefined), 400);
    assert.equal(graceWithin(2000, 600, 300, '0.3'), 300);
    assert.throws(() => graceWithin(2000, 600, 500, '0.5'), UsageError);
  });

  it('given a drift buffer that leaves nothing of the lease, then that is refused', () => {
    assert.throws(() => graceWithin(1000, 500, 250, undefined), UsageError);
  });
});

describe('the settings of a lease node', () => {
  const base = {
    port: '5001',
    host: '127.0.0.1',
    maxTtl: '60',
    epoch: '1',
    maxWaiters: '20000',
    maxConnections: '10000',
    maxConnectionsPerAddress: '5000',
    maxRequestsPerSecondPerAddress: '0',
    maxRequestBytesPerSecondPerAddress: '0',
    maxWaitsPerAddress: '25000',
    maxLeasesPerAddress: '500000',
    maxReleasedLeasesPerAddress: '500000',
    insecure: true,
  } as const;
  const settings = (given: object): ReturnType<typeof nodeSettings> =>
    nodeSettings({ ...base, db: join(folder, 'n.sqlite'), ...given });

  it('have limits of each address, or none where that is said', () => {
    const told = settings({ join: true, maxRequestsPerSecondPerAddress: '50' });
    const { maxRequestsPerSecondPerAddress, maxWaitsPerAddress } = told;
    assert.deepEqual([maxRequestsPerSecondPerAddress, maxWaitsPerAddress], [50, 25_000]);
    assert.equal(settings({ join: true, maxWaitsPerAddress: '0' }).maxWaitsPerAddress, 0);
    assert.throws(() => settings({ join: true, maxWaitsPerAddress: '-1' }), UsageError);
    const { maxRequestBytesPerSecondPerAddress, maxLeasesPerAddress } = settings({
      join: true,
      maxRequestBytesPerSecondPerAddress: '65536',
      maxLeasesPerAddress: '0',
    });
    assert.deepEqual([maxRequestBytesPerSecondPerAddress, maxLeasesPerAddress], [65_536, 0]);
    assert.equal(told.maxLeasesPerAddress, 500_000);
    assert.equal(told.maxReleasedLeasesPerAddress, 500_000);
    assert.throws(() => settings({ join: true, maxLeasesPerAddress: 'many' }), UsageError);
  });

  it('have names by which a proxy on the same machine asks, each without a port', () => {
    const hosts = (allowedHost?: string): readonly string[] | undefined =>
      settings({ join: true, allowedHost }).allowedHosts;
    assert.deepEqual(hosts(), []);
    assert.deepEqual(hosts('leases.example, other'), ['leases.example', 'other']);
    const words = wordsOf({ maxTtl: '60', epoch: '1', allowedHost: 'leases.example, other' });
    const given = words[words.indexOf('--allowed-host') + 1];
    assert.deepEqual(hosts(given), ['leases.example', 'other'], 'all nodes of this machine');
    assert.ok(!wordsOf({ maxTtl: '60', epoch: '1' }).includes('--allowed-host'));
    for (const wrong of ['', 'a,', 'a:1', 'http://a', '*', '*.example', '0.0.0.0', 'a b'])
      assert.throws(() => hosts(wrong), /--allowed-host takes names/, wrong);
  });

  it('have a drift buffer that grows with the longest lease', () => {
    assert.deepEqual(nodeTimes({ maxTtl: '20' }), { longestTtlMs: 20_000, driftBufferMs: 1000 });
    assert.deepEqual(nodeTimes({ maxTtl: '600' }), {
      longestTtlMs: 600_000,
      driftBufferMs: 12_000,
    });
    for (const wrong of [
      { maxTtl: '0' },
      { maxTtl: 'x' },
      { maxTtl: '90000' },
      { maxTtl: '60', driftBuffer: '1' },
    ])
      assert.throws(() => nodeTimes(wrong), UsageError, JSON.stringify(wrong));
  });

  it('name all other nodes, and never this one', () => {
    assert.deepEqual(settings({ peers: 'b:1,c:1' }).peers, ['http://b:1', 'http://c:1']);
    for (const peers of ['b:1', 'b:1,b:1', 'b:1,127.0.0.1:5001', 'b:1,localhost:5001', 'b:1,a b'])
      assert.throws(() => settings({ peers }), UsageError, peers);
  });

  it('name no others where the node waits to join a set, or its file tells them, and only there', () => {
    assert.deepEqual(settings({ join: true }).peers, []);
    assert.throws(() => settings({ join: true, peers: 'b:1,c:1' }), /give one of them/);
    const absent = join(folder, 'absent.sqlite');
    assert.throws(() => settings({ db: absent }), new RegExp(`no file "${absent}".*--join`));
    const known = join(folder, 'known.sqlite');
    writeFileSync(known, '');
    assert.deepEqual(settings({ db: known }).peers, []);
  });

  it('may have peers at IPv6 addresses, and are not their own peers in any spelling', () => {
    const peers = (host: string, list: string): readonly string[] =>
      settings({ host, peers: list }).peers;
    assert.deepEqual(peers('::1', '[::1]:5002,http://[::1]:5003/'), [
      'http://[::1]:5002',
      'http://[::1]:5003',
    ]);
    for (const [host, itself] of [
      ['::1', '[0:0::1]:5001'],
      ['[::1]', '[::1]:5001'],
      ['::', '[::1]:5001'],
      ['::', '127.0.0.1:5001'],
      ['0.0.0.0', `${hostname()}:5001`],
    ] as const)
      assert.throws(() => peers(host, `b:1,${itself}`), /is this one/, `${host} ${itself}`);
    assert.deepEqual(peers('127.0.0.2', 'b:1,127.0.0.1:5001').length, 2, 'another address');
  });

  it('are refused where an address means all of a machine, or is none', () => {
    assert.throws(() => settings({ peers: 'b:1,[::]:5002' }), /all addresses of a machine/);
    assert.throws(() => settings({ peers: 'b:1,0.0.0.0:5002' }), /all addresses of a machine/);
    assert.equal(settings({ host: '[::1]', join: true }).host, '::1');
    for (const host of ['', 'a:1', '[::1]:5001', 'http://a'])
      assert.throws(
        () => settings({ host, join: true }),
        /--host takes an address without a port/,
        host,
      );
  });

  it('given a file in a folder that does not exist, then it is refused, and the folder is not made', () => {
    const missing = join(folder, 'mistyped');
    assert.throws(
      () => settings({ db: join(missing, 'n.sqlite') }),
      new RegExp(`there is no folder "${missing}"`),
    );
    assert.ok(!existsSync(missing));
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => settings({ db: join(folder, 'file', 'n.sqlite') }), UsageError);
  });

  it('let other machines reach it only where it has TLS and authentication, or it is said so', () => {
    const file = join(folder, 'some.pem');
    writeFileSync(file, '');
    const tls = { tlsCert: file, tlsKey: file };
    const at = { host: '0.0.0.0', advertise: 'http://a:1', join: true };
    const given = (changes: object): boolean | undefined =>
      settings({ ...at, ...changes }).isInsecure;
    const no = { insecure: undefined };
    for (const refused of [no, { ...no, ...tls }])
      assert.throws(() => given(refused), /--insecure/, JSON.stringify(refused));
    assert.equal(given({}), true);
    assert.equal(given({ ...tls }), true);
    assert.equal(given({ ...no, ...tls, tlsAuthority: file }), undefined);
    const keyFile = join(folder, 'own-key');
    writeFileSync(keyFile, 'secret');
    assert.throws(() => given({ ...no, apiKeyFile: keyFile }), /--insecure/);
    assert.equal(given({ ...no, ...tls, apiKeyFile: keyFile }), undefined);
    assert.equal(given({ ...no, host: '127.0.0.1' }), undefined);
  });

  it('are refused where a port, an epoch or a file of TLS is none', () => {
    const file = join(folder, 'some.pem');
    for (const wrong of [
      { port: 'x' },
      { port: '' },
      { port: '70000' },
      { epoch: '0' },
      { tlsCert: 'only.pem' },
      { tlsAuthority: 'only.pem' },
      { tlsCert: file, tlsKey: file, tlsClientCertificates: 'required' },
      { tlsCert: file, tlsKey: file, tlsAuthority: file, tlsClientCertificates: 'x' },
      { tlsCert: file, tlsKey: file, tlsMinVersion: '1.1' },
      { tlsCert: join(folder, 'none.pem'), tlsKey: join(folder, 'none.key') },
    ])
      assert.throws(
        () => settings({ join: true, ...wrong }),
        /--(port|epoch|tls)/,
        JSON.stringify(wrong),
      );
  });
});

describe('the key that lease nodes ask for', () => {
  it('is that of the file, else of the variable, else none', () => {
    const path = join(folder, 'key');
    writeFileSync(path, 'from-file\n');
    const environment = { HOLDFAST_API_KEY: 'from-variable' };
    assert.equal(apiKeyOf({ apiKeyFile: path }, environment), 'from-file');
    assert.equal(apiKeyOf({}, environment), 'from-variable');
    const named = { ...environment, HOLDFAST_API_KEY_FILE: path };
    assert.equal(apiKeyOf({}, named), 'from-file');
    assert.equal(apiKeyOf({}, { ...environment, HOLDFAST_API_KEY_FILE: '' }), 'from-variable');
    assert.equal(apiKeyOf({}, {}), undefined);
    assert.equal(apiKeyOf({}, { HOLDFAST_API_KEY: '' }), undefined);
  });

  it('is refused where the file is missing or empty, or it cannot be sent', () => {
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n');
    assert.throws(() => apiKeyOf({ apiKeyFile: join(folder, 'none') }, {}), UsageError);
    assert.throws(() => apiKeyOf({ apiKeyFile: empty }, {}), UsageError);
    assert.throws(
      () => apiKeyOf({}, { HOLDFAST_API_KEY_FILE: empty }),
      /^UsageError: HOLDFAST_API_KEY_FILE is empty/,
    );
    assert.throws(() => apiKeyOf({}, { HOLDFAST_API_KEY: 'a b' }), UsageError);
  });
});
