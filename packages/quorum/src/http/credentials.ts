import { timingSafeEqual } from 'node:crypto';

/** Takes as long for a wrong key as for the right one. */
export function isKey(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
