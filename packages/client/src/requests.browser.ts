/** `fetch` of browsers, which have certificates of their own; `requests.ts` is its counterpart for Node. */
import { HoldfastError } from '@holdfast/protocol';
import type { Fetch } from './requests.ts';
import type { TlsSettings } from './tls.ts';

/** @throws HoldfastError `invalid_request`: no page can bring certificates. */
export function fetchWith(tls: TlsSettings | undefined): Fetch {
  if (tls !== undefined)
    throw new HoldfastError(
      'invalid_request',
      '"tls" is not for browsers: they show and trust the certificates that they were given. Leave it out.',
    );
  return (url, init) => fetch(url, init);
}
