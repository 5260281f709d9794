import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfiguration } from '../../src/configuration/load.ts';

describe('variables that an orchestrator injects', () => {
  it('stop nobody, and set nothing', () => {
    const plain = loadConfiguration({ environment: {} });
    const environment = {
      HOLDFAST_PORT: 'tcp://10.0.0.1:8080',
      HOLDFAST_HTTP_PORT: 'tcp://10.0.0.1:8080',
      HOLDFAST_GRPC_PORT: 'tcp://10.0.0.1:9090',
      HOLDFAST_GRPC_SERVICE_HOST: '10.0.0.1',
      HOLDFAST_GRPC_SERVICE_PORT: '9090',
      HOLDFAST_GRPC_SERVICE_PORT_GRPC: '9090',
      HOLDFAST_GRPC_PORT_9090_TCP: 'tcp://10.0.0.1:9090',
      HOLDFAST_GRPC_PORT_9090_TCP_ADDR: '10.0.0.1',
      HOLDFAST_GRPC_PORT_9090_TCP_PROTO: 'tcp',
    };
    assert.deepEqual(loadConfiguration({ environment }), plain);
  });

  it('are told from misspelt ones', () => {
    const environment = { HOLDFAST_GRPC_PROT: '1' };
    assert.throws(() => loadConfiguration({ environment }), /HOLDFAST_GRPC_PROT/);
  });

  it('and what is refused is told as it was given', () => {
    const flags = { 'http-port': 'eighty' };
    assert.throws(() => loadConfiguration({ flags }), /--http-port: .*given: "eighty"/);
  });
});
