/** An S3-compatible bucket over plain `fetch`. */
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { ObjectHead, ObjectStore, PutCondition, StoredObject } from './object-store.ts';

const tokenHeader = 'x-amz-meta-fence-token';
/** There is no such object. */
const missing: readonly number[] = [404];
/** There is one; or, in Amazon S3, another write was under way. */
const noneMatchFailed: readonly number[] = [409, 412];
/** The same of If-Match; and the object to match was deleted. */
const matchFailed: readonly number[] = [...noneMatchFailed, ...missing];

/** How an S3-compatible store is reached. */
export interface FetchObjectStoreOptions {
  /** The address of the bucket; keys are put behind it. */
  readonly url: string;
  /**
   * Sends the requests; the global `fetch` by default. Most stores want them signed (AWS Signature Version 4): pass the
   * `fetch` of a library that does so. It should time out after a time of its own, and must not repeat a PUT by itself: where
   * the answer to the first one was lost, the second one is refused because of what the first one wrote.
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** See `ObjectStore.etagOf`; `bytes` by default, which is safe everywhere. */
  readonly etagOf?: ObjectStore['etagOf'];
}

/**
 * @example
 * const store = new FetchObjectStore({
 *   url: 'https://bucket.s3.eu-central-1.amazonaws.com',
 *   fetch: (url, init) => signing.fetch(url, init),
 * });
 */
export class FetchObjectStore implements ObjectStore {
  readonly etagOf: ObjectStore['etagOf'];
  readonly #url: string;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;

  constructor({ url, fetch, etagOf = 'bytes' }: FetchObjectStoreOptions) {
    this.etagOf = etagOf;
    this.#url = url.replace(/\/+$/, '');
    this.#fetch = fetch ?? ((address, init) => globalThis.fetch(address, init));
  }

  /** @throws HoldfastError by the status of the answer; whatever `fetch` throws. */
  async head(key: string): Promise<ObjectHead | undefined> {
    const response = await this.#send(key, missing, { method: 'HEAD' });
    return response.status === 404 ? undefined : headOf(key, response);
  }

  /** @throws HoldfastError by the status of the answer; whatever `fetch` throws. */
  async get(key: string): Promise<StoredObject | undefined> {
    const response = await this.#send(key, missing, { method: 'GET' });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.status === 404 ? undefined : { ...headOf(key, response), bytes };
  }

  /** @throws HoldfastError by the status of the answer; whatever `fetch` throws. */
  async put(
    key: string,
    bytes: Uint8Array,
    fenceToken: number,
    condition: PutCondition,
  ): Promise<boolean> {
    const failed = 'ifMatch' in condition ? matchFailed : noneMatchFailed;
    const response = await this.#send(key, failed, {
      method: 'PUT',
      // Copied: `fetch` takes no bytes in shared memory.
      body: new Uint8Array(bytes),
      headers: {
        [tokenHeader]: String(fenceToken),
        ...('ifMatch' in condition
          ? { 'If-Match': condition.ifMatch }
          : { 'If-None-Match': condition.ifNoneMatch }),
      },
    });
    await response.arrayBuffer(); // gives the connection back
    return response.ok;
  }

  /** Sends a request; answers other than of success and those `expected` are errors. */
  async #send(key: string, expected: readonly number[], init: RequestInit): Promise<Response> {
    assertKey(key);
    const path = key.split('/').map(encodeURIComponent).join('/');
    // An answer out of a cache could show an old token.
    const response = await this.#fetch(`${this.#url}/${path}`, { ...init, cache: 'no-store' });
    if (response.ok || expected.includes(response.status)) return response;
    throw await failure(key, init.method ?? '', response);
  }
}

/** Addresses lose such segments, however they are encoded: the request would go to another bucket, or to the bucket itself. */
function assertKey(key: string): void {
  const isLost =
    key === '' || key.split('/').some((segment) => segment === '.' || segment === '..');
  if (isLost)
    throw new HoldfastError(
      'invalid_request',
      `The key ${JSON.stringify(key)} cannot be part of an address: it is empty, or has the segment "." or "..". Nothing was sent. Choose another key.`,
      { resource: key },
    );
}

function headOf(key: string, response: Response): ObjectHead {
  const etag = response.headers.get('ETag');
  // If-Match compares strongly, so a weak tag never matches (RFC 9110, 13.1.1).
  if (etag === null || etag.startsWith('W/'))
    throw new HoldfastError(
      'invalid_request',
      `The store gave ${etag === null ? 'no entity tag' : 'a weak entity tag'} for "${key}", on which no put can depend. Is there a proxy that compresses?`,
      { resource: key },
    );
  return { etag, fenceToken: response.headers.get(tokenHeader) ?? undefined };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  429: 'overloaded',
};

async function failure(key: string, method: string, response: Response): Promise<HoldfastError> {
  const text = (await response.text()).slice(0, 500);
  return new HoldfastError(
    codes[response.status] ?? (response.status < 500 ? 'invalid_request' : 'outcome_unknown'),
    `The store answered ${method} of "${key}" with ${String(response.status)}${text === '' ? '' : `: ${text}`}.`,
    { resource: key, status: response.status },
  );
}
