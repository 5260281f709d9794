/** The problem document (RFC 9457) of every error. */
import { z } from 'zod';
import { errorDefinitions } from '@holdfast/protocol';

export const problem: z.ZodType = z
  .looseObject({
    type: z.string().describe('A URI that names the kind of problem.'),
    title: z.string().describe('The kind of problem in words.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What happened, with the values that matter, and what to do.'),
    code: z.enum(Object.keys(errorDefinitions)).describe('Stable; branch on this.'),
  })
  .describe('Further fields tell the details of this code, see docs/errors.md.');
