/**
 * What of a refusal its caller may be told.
 *
 * MASK-1: who holds, leads or waits for a resource is told to whoever may `read` it. A refusal of anybody else says that it is
 *     held, and neither by which client nor with which fence token. This is done for every interface, where the answer
 *     leaves: what the state remembers of it stays as it is.
 * MASK-2: of a deadlock one is told one's own request, and of the others those that wait for what one may read.
 */
import { refusalText } from '../refusal-texts.ts';
import { RequestError } from '../request-error.ts';
import type { AccessRequest } from './access-request.ts';
import type { AccessControl } from './access-control.ts';
import type { Caller } from './caller.ts';

type MayRead = (kind: string, name: string) => boolean;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** MASK-1. */
export function masked(
  refused: RequestError,
  request: AccessRequest,
  caller: Caller,
  control: AccessControl | undefined,
): RequestError {
  if (control?.rightsOf(caller) === undefined) return refused; // Everybody may read everything.
  const mayRead: MayRead = (kind, name) => control.mayRead(caller, kind, name);
  if (refused.code === 'deadlock') return withoutStrangers(refused, mayRead);
  const { details } = refused;
  if (!('holders' in details) && !('leader' in details)) return refused;
  const { resource } = details;
  const meant = request.resources.filter(({ name }) => name === resource);
  const isTold = meant.every(({ kind, name = '' }) => mayRead(kind, name));
  return isTold && meant.length > 0 ? refused : withoutHolders(refused);
}

function withoutHolders({ code, message, details }: RequestError): RequestError {
  const { holders: _holders, leader: _leader, ...rest } = details;
  const name = String(details['resource']);
  // Of the others the text is made of what is left of the details.
  const texts: Readonly<Record<string, string>> = {
    lock_held: `"${name}" was not acquired: another client holds it, or is ahead of you. Wait or try again later.`,
    not_elected: `"${name}" is not won: another client leads, or is ahead of you. Wait or try again later.`,
  };
  return new RequestError(code, texts[code] ?? refusalText({ code, message, details: rest }), rest);
}

/** MASK-2: the first member is who asked. */
function withoutStrangers({ code, message, details }: RequestError, may: MayRead): RequestError {
  const listed: unknown = details['members'];
  const members = (Array.isArray(listed) ? listed : [undefined]).map((member: unknown, index) => {
    if (!isRecord(member)) return hidden;
    const isTold = index === 0 || may(String(member['kind']), String(member['waits_for']));
    return isTold ? member : hidden;
  });
  const told = { ...details, members };
  return new RequestError(code, refusalText({ code, message, details: told }), told);
}

const hidden = { client_id: '(another client)' };
