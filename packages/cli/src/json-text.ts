/** Values that people type and read: metadata of a hold, what a leader tells. */
import type { Json } from '@holdfast/protocol';
import { cutTo } from './printable.ts';

/** Wider, a table is no table any more; --json has all of it. */
const widestValue = 80;

/** JSON where the text is some, else the text itself. */
export function jsonOrText(text: string): Json {
  try {
    // Whatever JSON.parse gives is JSON.
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** On one line, for people. */
export function shownJson(value: Json): string {
  if (value === null) return '-';
  return cutTo(typeof value === 'string' ? value : JSON.stringify(value), widestValue);
}
