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
  {
    name: 'message-without-deadline',
    breaks: 'calls of gRPC whose message never arrives stand for ever',
    file: 'packages/api/src/grpc/admission.ts',
    find: 'if (!hasArrived) call.sendStatus(statusError(tooLate(requestArrivalMs))); // GRPC-10',
    put: 'if (hasArrived) call.sendStatus(statusError(tooLate(requestArrivalMs))); // GRPC-10',
    test: 'packages/api/test/unit/grpc/slow-calls.test.ts',
  },
  {
    name: 'ended-calls-keep-their-streams',
    breaks: 'who was refused goes on sending on the same call for ever',
    file: 'packages/api/src/grpc/admission.ts',
    find: 'if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);',
    put: 'if (stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);',
    test: 'packages/api/test/unit/grpc/slow-calls.test.ts',
  },
  {
    name: 'connections-of-an-address-without-bound',
    breaks: 'one address has all connections of a node, and nobody else gets in',
    file: 'packages/tls/src/connections.ts',
    find: 'const isOfAddress = mostPerAddress > 0 && network.open >= mostPerAddress;',
    put: 'const isOfAddress = mostPerAddress < 0 && network.open >= mostPerAddress;',
    test: 'packages/tls/test/unit/connections.test.ts',
  },
  {
    name: 'connections-in-use-closed',
    breaks: 'whoever opens connections cuts off the requests of others',
    file: 'packages/tls/src/connections.ts',
    find: '    this.#unidle(connection);\n    let isOver = false;',
    put: '    let isOver = false;',
    test: 'packages/tls/test/unit/connections.test.ts',
  },
  {
    name: 'upgraded-connections-are-idle',
    breaks: 'client streams are closed as if nobody used them when an address has many connections',
    file: 'packages/api/src/api.ts',
    find: "    socket.once('close', connections.busy(request.socket));\n",
    put: '',
    test: 'packages/api/test/unit/hostile.test.ts',
  },
];
