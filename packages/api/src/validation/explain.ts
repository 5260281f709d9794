/** Says in words what is wrong with a value, with the value, and which field it is. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { RequestError } from '../request-error.ts';

/** So much of a refused value is shown. */
const longestShown = 80;

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}

function invalid(message: string, field: string): RequestError {
  return new RequestError('invalid_request', message, field === '' ? {} : { field });
}

function param(error: ErrorObject, key: string): unknown {
  const params: Readonly<Record<string, unknown>> = error.params;
  return params[key];
}

/** @param errors As Ajv left them; the first one is told. */
export function explain(errors: readonly ErrorObject[]): RequestError {
  const [error] = errors;
  if (error === undefined) return invalid('The request is not valid.', '');
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  const subject = field === '' ? 'The body' : `"${field}"`;
  const value: unknown = error.data;
  switch (error.keyword) {
    case 'additionalProperties': {
      const unknown = String(param(error, 'additionalProperty'));
      return invalid(
        `${needsSession(error, [unknown]) ?? `There is no field ${shown(unknown)} here.`} ${knownFields(error)}`,
        unknown,
      );
    }
    case 'required': {
      const missing = String(param(error, 'missingProperty'));
      // Ajv finds what is missing before what does not belong here.
      const instead = missing === 'session_id' ? needsSession(error, namesOf(value)) : undefined;
      return invalid(instead ?? `"${missing}" is missing. Provide it.`, missing);
    }
    case 'type':
      return invalid(
        `${subject} must be of type ${String(param(error, 'type'))}, not ${shown(value)}. Provide ${typeNames[String(param(error, 'type'))] ?? 'a value of that type'}.`,
        field,
      );
    case 'minLength':
      return invalid(`${subject} must not be empty. Provide at least one character.`, field);
    case 'maxLength':
      return tooLong(field, subject, value, Number(param(error, 'limit')));
    case 'minItems':
    case 'maxItems':
      return invalid(
        `${subject} must have ${error.keyword === 'minItems' ? 'at least' : 'at most'} ${String(param(error, 'limit'))} items. Provide ${error.keyword === 'minItems' ? 'more' : 'fewer'}.`,
        field,
      );
    case 'minimum':
    case 'maximum':
      return invalid(
        `${subject} must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${String(param(error, 'limit'))}, not ${shown(value)}. Use a ${error.keyword === 'minimum' ? 'larger' : 'smaller'} value.`,
        field,
      );
    case 'enum':
      return invalid(
        `${subject} must be one of ${listed(param(error, 'allowedValues'))}, not ${shown(value)}. Use one of these.`,
        field,
      );
    case 'format':
      return invalid(
        `${subject} contains NUL or an unpaired surrogate and cannot be stored as text. Leave these out.`,
        field,
      );
    default:
      return invalid(
        `${subject} ${error.message ?? 'is not valid'}; it is ${shown(value)}. Change it accordingly.`,
        field,
      );
  }
}

function tooLong(field: string, subject: string, value: unknown, limit: number): RequestError {
  const length = typeof value === 'string' ? Array.from(value).length : 0;
  if (field === 'name' || field === 'queue') {
    return new RequestError(
      'name_too_long',
      `The name has ${String(length)} characters; at most ${String(limit)} are allowed. Use a shorter one.`,
      { field, length, limit },
    );
  }
  return invalid(
    `${subject} has ${String(length)} characters; at most ${String(limit)} are allowed. Use fewer.`,
    field,
  );
}

/** What a caller provides instead of a session, where an operation takes that. */
const insteadOfSession = ['client_id', 'ttl_seconds'];

/** A barrier, several locks at once: what a session alone can do has no client id. @param given Names of fields. */
function needsSession(error: ErrorObject, given: readonly string[]): string | undefined {
  const properties: unknown = error.parentSchema?.['properties'];
  if (typeof properties !== 'object' || properties === null || !('session_id' in properties))
    return undefined;
  const unknown = insteadOfSession.find((name) => given.includes(name) && !(name in properties));
  return unknown === undefined
    ? undefined
    : `"${unknown}" cannot be used here: this needs a session. Create one with POST /sessions and provide "session_id".`;
}

const namesOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : [];

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
};

function knownFields(error: ErrorObject): string {
  const properties: unknown = error.parentSchema?.['properties'];
  const known =
    typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return known.length === 0
    ? 'No fields are expected.'
    : `Known fields: ${known.map((name) => `"${name}"`).join(', ')}.`;
}

function listed(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => shown(value)).join(', ') : shown(values);
}
