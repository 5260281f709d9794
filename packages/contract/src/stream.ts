/**
 * What a client stream has beside the operations: frames about the stream itself. The node that has the stream answers them
 * alone, at once, whether or not it has a leader. No access rule is asked about them and no audit records them: the first says
 * who asks, and the others are about nothing but this stream. They go before what waits for room, and are refused for no limit.
 */
import { boolean, string, uint64 } from './schema.ts';
import type { Message } from './schema.ts';

export interface StreamFrame {
  /** As it stands in the frame, where a request has the name of its operation. */
  readonly name: string;
  /** For the document of the stream. */
  readonly description: string;
  readonly request: Message;
  /** It asks for nothing that would have to be told: its body may be null, or absent, and nothing of it is read. */
  readonly isBodyUnread?: true;
  readonly answer: Message;
  /** Codes of its errors. */
  readonly errors: readonly string[];
}

const hello: StreamFrame = {
  name: 'hello',
  description:
    'Says who asks, where that could not be told by a header or a certificate: browsers set no headers. It comes before every other request. Where its key does not hold, every request after it is refused; where the node cannot judge the key yet, it ends the stream with 1013, and the client says hello on another one.',
  request: {
    typeName: 'HelloBody',
    description: 'Says who asks, before anything else is asked on a client stream.',
    fields: { api_key: [1, string('The API key, as a header `Authorization: Bearer` has it.')] },
  },
  answer: {
    typeName: 'HelloAnswer',
    description: 'Who asks on this client stream from now on.',
    fields: {
      identity: [1, string('Identity of the caller; `anonymous` where it has proven none.')],
    },
  },
  errors: ['invalid_request', 'unauthorized', 'limit_exceeded', 'not_leader'],
};

const cancel: StreamFrame = {
  name: 'cancel',
  description:
    'Cancels a waiting request of this stream: it leaves its wait queue, or gives back what was granted meanwhile, and is answered with `wait_cancelled`. A wait of another stream is cancelled by the operation `cancel_request`.',
  request: {
    typeName: 'CancelWaitBody',
    description: 'Cancels a waiting request of the same client stream.',
    fields: { request: [1, uint64(0, undefined, 'Id of the request, as its frame has it.')] },
  },
  answer: {
    typeName: 'CancelWaitAnswer',
    description: 'Whether there was such a request.',
    fields: {
      cancelled: [
        1,
        boolean(
          'True also where it crossed the grant, which is then given back; false where no such request waits or was answered here lately.',
        ),
      ],
    },
  },
  errors: ['invalid_request'],
};

const ping: StreamFrame = {
  name: 'ping',
  description: 'Is answered at once: shows that the node is there. It keeps no session alive.',
  request: {
    typeName: 'PingBody',
    description: 'Asks a node for a sign of life.',
    fields: {},
  },
  isBodyUnread: true,
  answer: { typeName: 'PingAnswer', description: 'The node is there.', fields: {} },
  errors: [],
};

export const streamFrames: readonly StreamFrame[] = [hello, cancel, ping];
