/** A guard for objects in a store that puts on conditions (`If-Match`, `If-None-Match`). */
export type { Grant } from './fence-token.ts';
export { getFenced, putFenced } from './fenced-object.ts';
export type { FencedObject, NextBytes, PutFencedOptions } from './fenced-object.ts';
export type { ObjectHead, ObjectStore, PutCondition, StoredObject } from './object-store.ts';
export { FetchObjectStore } from './fetch-object-store.ts';
export type { FetchObjectStoreOptions } from './fetch-object-store.ts';
