/**
 * Who asks, and whether they may: decided on this node by the replicated rules, so that all nodes decide alike at the
 * same revision.
 *
 * DENY-1: while authentication is on, what no rule permits is refused, on every interface: each asks here, through
 *     access.ts. Open is only what tells nothing that some alone may know (`open` in the contract).
 * DENY-2: a proof that is shown and does not hold is refused, whatever is asked: nobody becomes anonymous by a wrong key.
 * DENY-3: a node that is told to have authentication (`security.authentication: required`) answers nobody but this
 *     machine until it is on: until then everybody could do everything.
 * DENY-5: a node that has started and has not caught up refuses nobody for good: what it does not know yet may be there. It says
 *     that it is to be asked again, or another one. Caught up it is once it has applied what the leader had when it was asked after the start: the
 *     commit index that it knows itself may be one from before it was away. From then on a wrong proof is told to be wrong, whatever
 *     else is under way: that entries are not applied yet, or that nobody leads, is no reason to ask again. The leader is asked until it has
 *     answered, so that what is refused long after the start does not wait for that.
 * DENY-4: what is open ends within a second of the end of the key, or of the right, that it stands on.
 */
import type { Engine } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import { nodeIdentity } from '@holdfast/state';
import type { Rights, SessionId, Verb } from '@holdfast/state';
import { isThisMachine } from '@holdfast/tls';
import type { CertificateName } from '@holdfast/tls';
import { anonymous } from '../callers.ts';
import { RequestError } from '../request-error.ts';
import type { AccessRequest, Resource } from './access-request.ts';
import { isSecretOf, readKey } from './api-keys.ts';
import { callerFrom, provenCaller } from './caller.ts';
import type { Caller } from './caller.ts';
import { OpenCalls } from './open-calls.ts';
import type { WrongKeys } from './wrong-keys.ts';

/** What a request is executed with once it is admitted. */
export interface Admission {
  /** The revision whose rules admitted it. */
  readonly authorizedAt?: number;
  readonly isAdministrator?: true;
}

export interface Credentials {
  /** As in the header `Authorization`, or its like. */
  readonly authorization: string | undefined;
  /** What the certificate of the connection says of its holder. Asked only where some certificate proves something. */
  readonly certificateNames: () => readonly CertificateName[];
  readonly address: string | undefined;
}

export interface AccessControlOptions {
  readonly engine: Engine;
  /** DENY-3. */
  readonly isRequired: boolean;
  /** Whoever embeds the api has a rule of its own, which what waits is asked by again (ACCESS-1). */
  readonly hasOwnRule?: boolean;
  /** Keys expire by its wall clock. */
  readonly clock: Pick<Clock, 'wallNow' | 'after' | 'endOfTurn'>;
  readonly onKeyUsed: (keyId: string) => void;
  /** Undefined: not limited. */
  readonly wrongKeys?: WrongKeys | undefined;
  /** A proof was shown that does not hold; the id of its key, where it has the form of one. */
  readonly onWrongProof?: (
    refused: RequestError,
    address: string | undefined,
    keyId: string | undefined,
  ) => void;
}

const everything: Admission = {};
/** A leader that is not there now may be there soon. */
const askAgainMs = 1000;

export class AccessControl {
  readonly #options: AccessControlOptions;
  readonly open: OpenCalls;
  /** How far the cluster was, as its leader told after this node had started (DENY-5). */
  #provenRevision: number | undefined;
  #isAsking = false;
  #cancelNextAsk: (() => void) | undefined;
  #isClosed = false;

  constructor(options: AccessControlOptions) {
    this.#options = options;
    this.open = new OpenCalls(
      options.engine,
      options.clock,
      options.isRequired || options.hasOwnRule === true,
    );
    this.#askHowFar();
  }

  /** Whether anything is asked of anybody. */
  get isOn(): boolean {
    return this.#options.engine.access.isEnabled || this.#options.isRequired;
  }

  /** DENY-2. */
  authenticate({ authorization, certificateNames, address }: Credentials): Caller | RequestError {
    const { engine } = this.#options;
    if (authorization !== undefined) {
      const [, text] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
      const isMeant = text?.startsWith('hf_') === true;
      // Whoever is in front of a node without authentication may have one of its own.
      if (isMeant || engine.access.isEnabled) {
        const proven = this.#byKey(text ?? '', address);
        if (!(proven instanceof RequestError)) return proven;
        this.#options.onWrongProof?.(proven, address, readKey(text ?? '')?.id);
        const isWrong = proven.code === 'unauthorized';
        return isWrong && this.#isCatchingUp ? catchingUp() : proven; // DENY-5
      }
    }
    if (!engine.access.hasCertificates) return callerFrom(address);
    for (const certificate of certificateNames()) {
      const identity = engine.access.identityOf(certificate.field, certificate.value);
      if (identity !== undefined) return provenCaller(identity, { certificate }, address);
    }
    return callerFrom(address);
  }

  #byKey(text: string, address: string | undefined): Caller | RequestError {
    const { engine, onKeyUsed, wrongKeys } = this.#options;
    const read = readKey(text);
    if (read === undefined) return wrongKey();
    const { id, secret } = read;
    const key = engine.access.key(id);
    if (!isSecretOf(secret, key?.hash) || key === undefined)
      return wrongKeys?.wrong(id, address) ?? wrongKey(); // WRONG-KEY-1, WRONG-KEY-2
    if (this.#hasExpired(key.expiresAtMs)) return expiredKey(id);
    onKeyUsed(id);
    return provenCaller(key.identity, { keyId: id }, address);
  }

  /** DENY-5. Asked only of what is refused. */
  get #isCatchingUp(): boolean {
    const proven = this.#provenRevision;
    if (proven !== undefined) return this.#options.engine.revision < proven;
    this.#askHowFar();
    return true;
  }

  /** DENY-5: one question at a time. Where it fails it is asked again: by whoever is refused next, or after a pause. */
  #askHowFar(): void {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    this.#cancelNextAsk?.();
    const { engine, clock } = this.#options;
    engine.query({ type: 'stats' }, 'linearizable', { identity: nodeIdentity }).then(
      ({ revision }) => {
        this.#provenRevision = revision;
      },
      () => {
        this.#isAsking = false;
        this.#cancelNextAsk = clock.after(askAgainMs, () => this.#askHowFar());
      },
    );
  }

  /** Ends what it looks at by itself. */
  close(): void {
    this.#isClosed = true;
    this.#cancelNextAsk?.();
    this.open.close();
  }

  #hasExpired(expiresAtMs: number | undefined): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.#options.clock.wallNow();
  }

  /** Why what a caller has proven holds no more; undefined: it holds. */
  standing(caller: Caller): RequestError | undefined {
    const { identity, keyId, certificate } = caller;
    if (this.#isClosedTo(caller)) return notYet();
    const { access } = this.#options.engine;
    if (keyId !== undefined) {
      const key = access.key(keyId);
      if (key?.identity !== identity) return revokedKey(keyId);
      return this.#hasExpired(key.expiresAtMs) ? expiredKey(keyId) : undefined;
    }
    if (certificate === undefined) return undefined;
    return access.identityOf(certificate.field, certificate.value) === identity
      ? undefined
      : new RequestError(
          'unauthorized',
          'This certificate proves no identity any more. Ask an administrator to map it ("holdfast auth certificate map").',
        );
  }

  /** What the caller may do; undefined: everything, for authentication is off. */
  rightsOf(caller: Caller): Rights | undefined {
    const { access } = this.#options.engine;
    return access.isEnabled ? access.rightsOf(caller.identity) : undefined;
  }

  /** Whether one may be told of this resource: asked again for each, since rules change meanwhile. */
  mayRead(caller: Caller, kind: string, name: string, verb: Verb = 'read'): boolean {
    const rights = this.rightsOf(caller);
    if (rights === undefined) return !this.#isClosedTo(caller); // DENY-3
    return rights.permits(verb, kind, name) && this.standing(caller) === undefined;
  }

  /** Whether one may be told what becomes of a session: its id alone gives nobody a right to that. */
  mayFollow({ identity }: Caller, sessionId: string): boolean {
    return !this.#options.engine.isForeign(identity, sessionId as SessionId);
  }

  /** Which nodes there are is told to whoever may do something at all: clients have to find them. */
  mayKnowCluster(caller: Caller): boolean {
    const rights = this.rightsOf(caller);
    if (rights !== undefined) return !rights.isEmpty && this.standing(caller) === undefined;
    return !this.#isClosedTo(caller);
  }

  /** DENY-3: also of what was opened while authentication was on. */
  #isClosedTo({ address }: Caller): boolean {
    const { engine, isRequired } = this.#options;
    return isRequired && !engine.access.isEnabled && !isThisMachine(address);
  }

  /** DENY-1. */
  authorize(caller: Caller, request: AccessRequest): Admission | RequestError {
    if (request.isOpen) return everything;
    const { engine } = this.#options;
    const rights = this.rightsOf(caller);
    if (rights === undefined) return this.#isClosedTo(caller) ? notYet() : everything; // DENY-3
    const fallen = this.standing(caller);
    if (fallen !== undefined) return fallen;
    let isOfSessions = false;
    for (const resource of request.resources) {
      const refused = refusalOf(rights, caller, request, resource);
      if (refused !== undefined) return this.#isCatchingUp ? catchingUp() : refused; // DENY-5
      isOfSessions ||= resource.kind === 'session';
    }
    const authorizedAt = engine.revision;
    return isOfSessions && rights.permits('admin', 'session', undefined)
      ? { authorizedAt, isAdministrator: true }
      : { authorizedAt };
  }
}

function refusalOf(
  rights: Rights,
  caller: Caller,
  { verb: verbOfAll, isFiltered, operation }: AccessRequest,
  { kind, name, verb = verbOfAll }: Resource,
): RequestError | undefined {
  if (isPermitted(rights, verb, kind, name, isFiltered)) return undefined;
  if (caller.identity === anonymous && rights.isEmpty)
    return new RequestError(
      'unauthorized',
      'Authentication is required. Send an API key as "Authorization: Bearer hf_...", or show a client certificate that proves an identity.',
      { operation },
    );
  const of = kind === 'hold' ? 'a lock, semaphore or election' : kind;
  const what = name === undefined ? `every ${kind}` : `${of} "${name}"`;
  return new RequestError(
    'forbidden',
    `"${caller.identity}" may not do this: no rule permits "${verb}" on ${what}. Ask an administrator to grant it ("holdfast auth role grant").`,
    { operation, verb, kind, ...(name === undefined ? {} : { resource: name }) },
  );
}

/** What an identity can hold. */
const heldKinds = ['lock', 'semaphore', 'election'] as const;

function isPermitted(
  rights: Rights,
  verb: Verb,
  kind: string,
  name: string | undefined,
  isFiltered: boolean,
): boolean {
  // Whose a session is, the state knows (OWNER-1): whoever may do something at all may have one.
  if (kind === 'session') return !rights.isEmpty;
  if (kind === 'hold') return heldKinds.some((one) => rights.permits(verb, one, name)); // ACCESS-4
  // Which nodes there are: clients have to find them.
  if (kind === 'cluster' && verb === 'read') return !rights.isEmpty;
  if (!isFiltered || name !== undefined) {
    if (kind !== 'event') return rights.permits(verb, kind, name);
  }
  // What one may not read is left out of what is told.
  return kind === 'event' ? rights.hasVerb(verb) : rights.permitsSome(verb, kind);
}

const catchingUp = (): RequestError =>
  new RequestError(
    'not_leader',
    'This node has started and does not know all keys and rules yet. The request was not executed. Try again, or ask another node.',
  );

const wrongKey = (): RequestError =>
  new RequestError(
    'unauthorized',
    'This API key is not valid here: it is wrong, or was revoked. Ask an administrator for another one.',
  );

const revokedKey = (id: string): RequestError =>
  new RequestError(
    'unauthorized',
    `Key "${id}" was revoked. Ask an administrator for another one.`,
    {
      key_id: id,
    },
  );

const expiredKey = (id: string): RequestError =>
  new RequestError(
    'unauthorized',
    `Key "${id}" has expired. Ask an administrator for another one.`,
    {
      key_id: id,
    },
  );

const notYet = (): RequestError =>
  new RequestError(
    'unauthorized',
    'Authentication is required on this node and not on in its cluster yet. Run "holdfast auth enable" on the machine of the node first.',
  );
