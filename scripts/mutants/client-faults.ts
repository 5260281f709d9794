/** Faults of the client's way to a node: addresses, silence, deadlines. Found by the tests of the client. */
import type { Fault } from './fault.ts';

const reach = 'packages/client/src/reach.ts';
const route = 'packages/client/src/route.ts';

export const clientFaults: readonly Fault[] = [
  {
    name: 'the-same-other-node-again-and-again',
    breaks:
      'a client at a node without a leader never finds the one that leads, though it has its address',
    file: 'packages/client/src/route.ts',
    find: `    this.#tries = 0;
    if (this.#avoided?.url === url)`,
    put: `    this.#tries = 0;
    this.#lastUrl = url;
    if (this.#avoided?.url === url)`,
  },
  {
    name: 'silence-regardless-of-the-lease',
    breaks: 'a node that says nothing costs a lease of three seconds most of its time',
    file: 'packages/client/src/silence.ts',
    find: `  return Math.min(mostSilentSweeps, Math.max(fewestSilentSweeps, share));`,
    put: `  return share < 0 ? fewestSilentSweeps : mostSilentSweeps;`,
  },
  {
    name: 'plain-http-for-ever',
    breaks:
      'a client that was there before its nodes makes a request of its own of each call, for as long as it lives',
    file: reach,
    find: `return overHttp && this.#ways.onlyHttp !== true && !this.#fallback.isProven;`,
    put: `return overHttp && this.#ways.onlyHttp !== true && !this.#fallback.isProven && this.#closed;`,
    test: 'packages/client/test/unit/http-fallback.test.ts',
    hiddenFromRuns: 'clients of runs have no plain HTTP',
  },
  {
    name: 'stream-asked-for-with-each-way',
    breaks:
      'where no WebSocket comes through, each new connection waits for another one to be refused',
    file: 'packages/client/src/http-fallback.ts',
    find: `    this.#isProven = true;`,
    put: `    this.#isProven = this.#refused < 0;`,
    test: 'packages/client/test/unit/http-fallback.test.ts',
    hiddenFromRuns: 'clients of runs have no plain HTTP',
  },
  {
    name: 'no-way-where-streams-say-nothing',
    breaks:
      'where WebSockets are made and say nothing, plain HTTP is dropped while one is waited for',
    file: reach,
    find: `(isWaiting ? 3 : 1) * maxAttemptSweeps`,
    put: `(isWaiting ? 1 : 1) * maxAttemptSweeps`,
    test: 'packages/client/test/unit/http-fallback.test.ts',
    hiddenFromRuns: 'clients of runs have no plain HTTP',
  },
  {
    name: 'watch-ended-under-the-id-of-another',
    breaks: 'a reader that is slow ends the watch of another one after a connection broke',
    file: 'packages/client/src/watch.ts',
    find: `      this.#id = undefined; // The next`,
    put: `      // The next`,
    test: 'packages/client/test/unit/watch.test.ts',
    hiddenFromRuns: 'clients of runs have one watch each',
  },
  {
    name: 'left-before-there-is-another',
    breaks: 'a slow node is left before another one has been reached',
    file: reach,
    find: `    if (endpoint !== undefined && !busy.has(endpoint.url))
      this.#try(`,
    put: `    if (endpoint === undefined || busy.has(endpoint.url)) return;
    if (this.#link !== undefined) this.#lost(this.#link);
    if (!this.#closed)
      this.#try(`,
  },
  {
    name: 'attempts-one-after-the-end-of-the-other',
    breaks: 'a way that leads nowhere is waited for to its end before the next one is tried',
    file: reach,
    find: `const maxAttempts = 4;`,
    put: `const maxAttempts = 1;`,
  },
  {
    name: 'moved-with-what-cannot-be-repeated',
    breaks: 'a request that must not be executed twice fails because a better node was found',
    file: reach,
    find: `if (silentSweeps <= mostSilentSweeps && !this.#events.mayMove()) return false;`,
    put: ``,
  },
  {
    name: 'garbage-ends-the-process',
    breaks: 'what is no message of a node is thrown where nobody catches',
    file: 'packages/client/src/messages.ts',
    find: `    return Array.isArray(answers) && answers.every(isAnswer) ? answers : undefined;`,
    put: `    return answers as readonly NodeAnswer[];`,
  },
  {
    name: 'all-that-waits-in-one-message',
    breaks:
      'a client sends more in one message than a node reads, again and again, and all its sessions are lost',
    file: 'packages/client/src/outgoing.ts',
    find: `if (message !== '' && message.length + text.length >= mostUnits) {`,
    put: `if (message !== '' && message.length + text.length < 0) {`,
  },
  {
    name: 'keepalives-behind-all-that-waits',
    breaks: 'a keepalive goes out after megabytes of acquires',
    file: 'packages/client/src/outgoing.ts',
    find: `    if (this.#units <= mostUnits) this.#write(messages);`,
    put: `    if (this.#units > 0) this.#write(messages);`,
  },
  {
    name: 'a-request-longer-than-a-node-reads',
    breaks: 'one request that no node reads ends the connection of all others',
    file: 'packages/client/src/request-text.ts',
    find: `  if (isLonger(text, longestRequestBytes)) throw`,
    put: `  if (isLonger(text, 1e9)) throw`,
  },
  {
    name: 'a-body-longer-than-a-node-reads',
    breaks: 'over plain HTTP a request that no node reads is sent all the same',
    file: 'packages/client/src/request-text.ts',
    find: `  if (isLonger(text, longestBodyBytes)) throw`,
    put: `  if (isLonger(text, 1e9)) throw`,
  },
  {
    name: 'no-json-is-thrown-as-it-comes',
    breaks: 'what cannot be written as JSON is thrown without a code, or where nobody catches',
    file: 'packages/client/src/request-text.ts',
    find: `  } catch (error) {
    const why`,
    put: `  } catch (error) {
    if (error !== undefined) throw error;
    const why`,
  },
  {
    name: 'keepalives-without-room-of-their-own',
    breaks: 'a client with too much to ask for cannot keep its sessions alive',
    file: 'packages/client/src/room.ts',
    find: `isOfHolders ? 1 + shareOfHolders : 1; // ROOM-2`,
    put: `isOfHolders ? 1 : 1; // ROOM-2`,
  },
  {
    name: 'garbage-ends-a-process-with-a-key',
    breaks:
      'what is no message of a node is thrown where nobody catches, by a client that shows a key',
    file: 'packages/client/src/hello.ts',
    find: `const answer = isAnswered ? undefined : answersIn(text)?.find(([id]) => id === helloId);`,
    put: `const answer = isAnswered
          ? undefined
          : (JSON.parse(text) as readonly NodeAnswer[]).find(([id]) => id === helloId);`,
    test: 'packages/client/test/unit/hello.test.ts',
  },
  {
    name: 'any-answer-to-a-key-is-one',
    breaks:
      'a client goes on with what is no node, since nothing looks at its answer to the key (KEYED-3)',
    file: 'packages/client/src/hello.ts',
    find: `if (answer !== undefined && !isOfHello(answer)) {`,
    put: `if (answer !== undefined && !Array.isArray(answer)) {`,
    test: 'packages/client/test/unit/hello.test.ts',
  },
  {
    name: 'a-frame-of-the-stream-is-not-validated',
    breaks: 'what a frame about the stream itself asks is used as it comes (OWN-FRAME-1)',
    file: 'packages/api/src/stream/own-frames.ts',
    find: `(check.passes(body) ? body : check.requestError())`,
    put: `(check.passes(body) ? body : (body as Body))`,
    test: 'packages/api/test/unit/stream-frames.test.ts',
  },
  {
    name: 'a-key-that-fails-ends-the-process',
    breaks: "what the caller's function throws is thrown where nobody catches",
    file: 'packages/client/src/given-at-once.ts',
    find: `    return { why: \`\${what} failed: \${causeOf(error)}\` };`,
    put: `    throw error;`,
  },
  {
    name: 'an-unknown-code-is-believed',
    breaks: 'a code that is none here is looked up in the table of errors',
    file: 'packages/protocol/src/errors.ts',
    find: `  isErrorCode(code) ? code : 'internal';`,
    put: `  (code as ErrorCode | undefined) ?? 'internal';`,
  },
  {
    name: 'told-addresses-are-believed',
    breaks: 'a client goes to whatever a node tells as an address',
    file: route,
    find: `      if (!read.ok)
        this.#warn(nodeId, url, read.problem); // ROUTE-7`,
    put: `      if (!read.ok)
        members.set(nodeId, { url, host: url, port: 80, path: '' });`,
    hiddenFromRuns: 'in runs a node is where its name is, at no address',
  },
  {
    name: 'nodes-of-other-clusters-are-asked',
    breaks: "a client goes to another cluster at its members' word, and holds locks there",
    file: 'packages/client/src/one-cluster.ts',
    find: `    if (told === this.#id) return true;`,
    put: `    if (told !== '') return true;`,
  },
  {
    name: 'asked-before-it-said-who-it-is',
    breaks: 'requests are sent to a node that may be of another cluster',
    file: 'packages/client/src/node-link.ts',
    find: `    return this.#isOpen && this.told !== undefined;`,
    put: `    return this.#isOpen;`,
  },
  {
    name: 'failed-calls-kept-for-the-next-node',
    breaks: 'the memory of a client grows with every call while no node can be reached',
    file: 'packages/client/src/connection.ts',
    find: `    if (!pending.sent) this.#turn.delete(pending);
`,
    put: ``,
  },
  {
    name: 'waiting-clients-ping-all-the-time',
    breaks: 'every client that waits asks its node for a word ten times a second',
    file: 'packages/client/src/node-link.ts',
    find: `: this.#quietSweeps >= ofQuiet;`,
    put: `: this.#quietSweeps >= Math.min(ofSilence, ofQuiet);`,
  },
  {
    name: 'quiet-nodes-not-asked-for-a-word',
    breaks: 'a client that only waits does not notice that its node says nothing any more',
    file: 'packages/client/src/node-link.ts',
    find: `: this.#quietSweeps >= ofQuiet;`,
    put: `: ofQuiet < 0;`,
  },
  {
    name: 'failed-end-not-repeated',
    breaks:
      'a session whose end failed cannot be ended any more, and holds on until its lease is over',
    file: 'packages/client/src/session.ts',
    find: `      this.#ending = undefined;
      throw error;`,
    put: `      throw error;`,
  },
  {
    name: 'calls-outlive-their-session',
    breaks: 'what was asked for a session that is lost goes on until its deadline',
    file: 'packages/client/src/session.ts',
    find: `    this.#endCalls(\`is lost: \${why}\`);`,
    put: ``,
  },
  {
    name: 'calls-of-sessions-have-ten-seconds',
    breaks: 'the time that a client was given for its calls does not hold for its sessions',
    file: 'packages/client/src/session.ts',
    find: `this.#callTimeoutMs = fields.callTimeoutMs;`,
    put: `this.#callTimeoutMs = fields.callTimeoutMs > 0 ? 10_000 : 0;`,
  },
  {
    name: 'cancellations-without-an-end',
    breaks: 'what a node refuses to cancel is asked for as long as the client stands',
    file: 'packages/client/src/cancellations.ts',
    find: `if (kept.isOver()) this.#kept.delete(kept.key);
      else void`,
    put: `void`,
    test: 'packages/client/test/unit/cancellations.test.ts',
    hiddenFromRuns: 'runs cancel by sessions, which do it themselves',
  },
  {
    name: 'cancellations-all-at-once',
    breaks: 'a client whose acquires failed asks for all of their cancellations at the same moment',
    file: 'packages/client/src/cancellations.ts',
    find: `if (this.#asked >= atOnce) return;`,
    put: `if (this.#asked >= mostKept) return;`,
    test: 'packages/client/test/unit/cancellations.test.ts',
    hiddenFromRuns: 'runs cancel by sessions, which do it themselves',
  },
  {
    name: 'cancellations-kept-without-bound',
    breaks: 'the memory of a client grows with each acquire that a node refuses to cancel',
    file: 'packages/client/src/cancellations.ts',
    find: `this.#kept.size >= mostKept)`,
    put: `this.#kept.size < 0)`,
    test: 'packages/client/test/unit/cancellations.test.ts',
    hiddenFromRuns: 'runs cancel by sessions, which do it themselves',
  },
  {
    name: 'acknowledgement-told-as-not-done',
    breaks: 'a program is told that a message was not acknowledged which may have been',
    file: 'packages/client/src/queue-delivery.ts',
    find: `mayBeDone && !isUncertain(last)`,
    put: `!mayBeDone && !isUncertain(last) && this.#isStale`,
    test: 'packages/client/test/unit/queue.test.ts',
    hiddenFromRuns: 'runs have no access rules that change',
  },
  {
    name: 'late-watch-stays-on-its-node',
    breaks:
      'a watch that begins after its caller was told that it failed stays on its node: retries fill the stream with watches',
    file: 'packages/client/src/pushes.ts',
    find: `return typeof id === 'number' && position !== undefined ? id : undefined;`,
    put: `return typeof id === 'string' && position !== undefined ? Number(id) : undefined;`,
    test: 'packages/client/test/unit/watch.test.ts',
    hiddenFromRuns: 'runs do not count the watches of a stream',
  },
  {
    name: 'watch-begins-whatever-its-signal-says',
    breaks: 'a watch that is ended before it has begun goes on until its time is over',
    file: 'packages/client/src/watch.ts',
    find: `const settings = { timeoutMs: this.#timeoutMs, signal: this.#signal };`,
    put: `const settings = { timeoutMs: this.#timeoutMs };`,
    test: 'packages/client/test/unit/watch.test.ts',
    hiddenFromRuns: 'no run ends a watch before it has begun',
  },
  {
    name: 'set-of-a-lease-node-not-told-on',
    breaks: 'a program that is refused for its set cannot read which set the nodes have',
    file: 'packages/quorum-client/src/node-transport.ts',
    find: "'it answered with an error.'}`,\n    details,",
    put: "'it answered with an error.'}`,\n    typeof details === 'object' ? {} : details,",
  },
];
