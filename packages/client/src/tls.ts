/** What a connection over TLS is made with. */
import { HoldfastError } from '@holdfast/protocol';
import { givenAtOnce } from './given-at-once.ts';

/** Certificates and keys in PEM, for `https://` endpoints; not in browsers, which have their own. */
export interface TlsOptions {
  /** Authorities whose certificates are accepted, in the place of those that the platform knows. */
  readonly ca?: string;
  /** The certificate that is shown to nodes, with those between it and its authority behind it. */
  readonly cert?: string;
  /** The key of `cert`. */
  readonly key?: string;
}

/** A function is asked for each new connection: certificates that change are taken up that way. */
export type TlsSettings = TlsOptions | (() => TlsOptions);

/** @throws Error where a function gives none. */
export function tlsOptionsOf(settings: TlsSettings): TlsOptions {
  if (typeof settings !== 'function') return settings;
  const given = givenAtOnce('"tls"', settings);
  if ('why' in given) throw new Error(given.why);
  const wrong = wrongIn(given.value);
  // Never with what was given: it may be a key.
  if (wrong !== undefined) throw new Error(`what "tls" gave ${wrong}`);
  return given.value as TlsOptions;
}

/** From programs without types too. @throws HoldfastError `invalid_request` */
export function checkTls(settings: unknown): void {
  if (settings === undefined || typeof settings === 'function') return;
  const wrong = wrongIn(settings);
  if (wrong === undefined) return;
  // Never with what was given: it may be a key.
  throw new HoldfastError('invalid_request', `"tls" ${wrong}.`);
}

function wrongIn(settings: unknown): string | undefined {
  if (typeof settings !== 'object' || settings === null)
    return 'is an object with "ca", "cert" and "key" in PEM, or a function that gives one';
  const { ca, cert, key } = settings as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ ca, cert, key }))
    if (value !== undefined && typeof value !== 'string') return `has "${name}" as a text in PEM`;
  return (cert === undefined) === (key === undefined)
    ? undefined
    : 'has "cert" and "key" together, or neither';
}
