/** Which operations have room of their own among what waits for its turn (REQUEST-TURN-4). */
import type { Operation } from '@holdfast/contract';
import { isFreeOfRates } from '../pipeline/rates.ts';

export const hasOwnRoom = ({ name, isProbe }: Operation): boolean =>
  isProbe === true || isFreeOfRates(name);
