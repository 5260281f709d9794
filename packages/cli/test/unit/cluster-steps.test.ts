import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterSteps, nodeSteps } from '../../src/cluster-steps.ts';

const urls = ['https://127.0.0.1:5000', 'https://127.0.0.1:5001'];
const security = {
  authority: 'tls/ca.crt',
  client: { certificate: 'tls/client.crt', key: 'tls/client.key' },
} as Parameters<typeof clusterSteps>[0]['security'];

describe('What is to be tried first on a cluster of this machine', () => {
  it('shows a certificate where the nodes ask for one, as they do unless told otherwise', () => {
    const told = clusterSteps({ urls, security }, {});
    assert.match(told, /any node answers whoever shows a certificate\. Try:/);
    assert.match(told, /HOLDFAST_CA=tls\/ca\.crt HOLDFAST_CERT=tls\/client\.crt HOLDFAST_KEY=/);
    assert.match(told, /curl --cacert tls\/ca\.crt --cert .* https:\/\/127\.0\.0\.1:5000\/health/);
    assert.doesNotMatch(told, /auth enable/);
  });

  it('makes a key where the nodes ask for one, and no certificate where they do not', () => {
    const asked = {
      HOLDFAST_TLS_CLIENT_CERTIFICATES: 'optional',
      HOLDFAST_SECURITY_AUTHENTICATION: 'required',
    };
    const told = clusterSteps({ urls, security }, asked);
    assert.match(told, /any node answers whoever shows an API key\. Try:/);
    assert.doesNotMatch(told, /HOLDFAST_CERT|--cert /);
    const [enable, exported, status] = ['auth enable', 'HOLDFAST_API_KEY_FILE=', 'holdfast status'];
    assert.ok(told.indexOf(enable) < told.indexOf(exported), told);
    assert.ok(told.indexOf(exported) < told.indexOf(status), told);
    const again = clusterSteps({ urls, security }, { ...asked, HOLDFAST_API_KEY_FILE: 'a.key' });
    assert.doesNotMatch(again, /auth enable/);
  });

  it('are those of a node with TLS and authentication, too', () => {
    const tls = {
      files: { certificate: 'n.crt', key: 'n.key', authority: 'ca.crt', revocations: [] },
      clientCertificates: 'required',
    } as unknown as Parameters<typeof nodeSteps>[1]['tls'];
    const told = nodeSteps('https://a:8080', { tls, requiresAuthentication: true }, {});
    assert.match(
      told,
      /^\nHoldfast serves clients on https:\/\/a:8080 whoever shows a certificate and an API key\. Try:/,
    );
    assert.match(told, /HOLDFAST_CA=ca\.crt HOLDFAST_CERT=client\.crt HOLDFAST_KEY=client\.key/);
    assert.match(told, /auth enable --key-file/);
    assert.doesNotMatch(told, /curl -X POST/);
    const open = nodeSteps('http://a:8080', { tls: null, requiresAuthentication: false }, {});
    assert.match(open, /curl -X POST http:/);
  });

  it('names neither without TLS and authentication', () => {
    const told = clusterSteps({ urls: ['http://127.0.0.1:5000'], security: undefined }, {});
    assert.match(told, /^\nThe cluster is ready; any node answers\. Try:\n/);
    assert.match(told, /curl -X POST http:/);
  });
});
