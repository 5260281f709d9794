/** An object store with conditional puts, as far as the guard needs it. */

/** What is known of an object without its bytes. */
export interface ObjectHead {
  /** A strong entity tag, with its quotation marks, as the store gave it. */
  readonly etag: string;
  /** The metadata `fence-token`, as it is stored; `undefined` on an object that was never put behind the guard. */
  readonly fenceToken: string | undefined;
}

/** An object with its bytes. */
export interface StoredObject extends ObjectHead {
  /** All of it. */
  readonly bytes: Uint8Array;
}

/** `If-Match: etag`, or `If-None-Match: *` (RFC 9110, 13.1). */
export type PutCondition =
  | {
      /** The entity tag that is there now. */
      readonly ifMatch: string;
    }
  | {
      /** Nothing is there yet. */
      readonly ifNoneMatch: '*';
    };

/**
 * What to implement over the client library of your store. Reads must show every put that was answered before them.
 */
export interface ObjectStore {
  /**
   * What an entity tag tells apart.
   *
   * - `write`: each put gives a new one, even a put of the same bytes. So do Azure Blob Storage, and Google Cloud
   *   Storage when the generation is used as the tag.
   * - `bytes`: it is made from the bytes and not from the metadata, as in Amazon S3 and most that are compatible
   *   with it. The guard then puts a line with the token before the bytes (see `putFenced`).
   *
   * When in doubt say `bytes`: it is safe with both.
   */
  readonly etagOf: 'write' | 'bytes';

  /** @returns `undefined` where there is no such object. */
  head(key: string): Promise<ObjectHead | undefined>;

  /** @returns `undefined` where there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;

  /**
   * Puts the bytes, with `fenceToken` in decimal digits as the metadata `fence-token`, if the condition holds: both in
   * one step.
   *
   * @returns Whether the condition held and the object is stored. Throw when the outcome is not known.
   */
  put(
    key: string,
    bytes: Uint8Array,
    fenceToken: number,
    condition: PutCondition,
  ): Promise<boolean>;
}
