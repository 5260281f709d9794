/** Faults of who is slow, takes too much or is not who it says: of connections and what they prove. */
import type { Fault } from './fault.ts';

export const hostileFaults: readonly Fault[] = [
  {
    name: 'dialled-as-the-environment-says',
    breaks:
      'a variable of the environment makes a node talk to whoever takes the address of a member',
    file: 'packages/tls/src/member-sockets.ts',
    find: '      rejectUnauthorized: true, // TLS-7\n',
    put: '',
    test: 'packages/tls/test/unit/member-sockets.test.ts',
  },
  {
    name: 'asked-as-the-environment-says',
    breaks:
      'a variable of the environment makes a node ask whoever takes the address of another one',
    file: 'packages/tls/src/outgoing-requests.ts',
    find: '      rejectUnauthorized: true, // TLS-7\n',
    put: '',
    test: 'packages/tls/test/unit/member-sockets.test.ts',
  },
  {
    name: 'names-of-who-was-not-checked',
    breaks: 'a certificate that no authority has signed proves the name of a member',
    file: 'packages/tls/src/member-sockets.ts',
    find: 'socket instanceof TLSSocket && socket.authorized ?',
    put: 'socket instanceof TLSSocket ?',
    test: 'packages/tls/test/unit/member-sockets.test.ts',
  },
  {
    name: 'lease-node-waits-for-ever-over-tls',
    breaks: 'who sends its request byte by byte keeps connections of a lease node for ever',
    file: 'packages/tls/src/http-server.ts',
    find: 'server.requestTimeout = isSet ? requestTimeout : defaultArrivalMs;',
    put: 'server.requestTimeout = isSet ? 0 : 0;',
    test: 'packages/quorum/test/unit/tls.test.ts',
  },
  {
    name: 'lease-node-waits-for-ever',
    breaks: 'who sends its request byte by byte keeps connections of a lease node for ever',
    file: 'packages/quorum/src/http/application.ts',
    find: '    requestTimeout: requestArrivalMs,\n',
    put: '    requestTimeout: 0 * requestArrivalMs,\n',
    test: 'packages/quorum/test/unit/tls.test.ts',
  },
];
