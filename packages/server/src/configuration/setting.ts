/** What a setting is. */
import type { z } from 'zod';

export interface Setting {
  /** `section.key` in the YAML file. */
  readonly key: string;
  /** Its flag, where that is another than its key says. */
  readonly flag?: string;
  readonly schema: z.ZodType;
  readonly default: unknown;
  /** With its unit, and its range where it has one. */
  readonly description: string;
}
