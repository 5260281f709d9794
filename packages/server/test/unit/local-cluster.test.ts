import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { grpcPortsBeside } from '../../src/local-cluster.ts';

describe('the gRPC ports of a local cluster', () => {
  it('lie 1000 above the HTTP ports, so that they can be guessed', () => {
    assert.deepEqual(grpcPortsBeside([5000, 5001, 5002]), [6000, 6001, 6002]);
  });

  it('are never a port that another node uses for anything', () => {
    const ports = fc.uniqueArray(fc.integer({ min: 5000, max: 8000 }), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(ports, (http) => {
        const all = [...http, ...http.map((port) => port + 2000), ...grpcPortsBeside(http)];
        const peersMeetHttp = new Set(all.slice(0, 2 * http.length)).size < 2 * http.length;
        if (!peersMeetHttp) assert.equal(new Set(all).size, all.length);
      }),
    );
  });
});
