/**
 * Faults that are planted on purpose, one at a time, to see that the checks find them. Each is a piece of
 * source text and what takes its place; the text must stand in its file exactly once, so that a fault whose
 * place has changed is noticed. Every bug that was found in this project's safety leaves one behind.
 */
export interface Fault {
  readonly name: string;
  /** What it breaks. */
  readonly breaks: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** In whose runs it is looked for. Default: of clusters. */
  readonly runs?: 'cluster' | 'leaders' | 'quorum';
  /** Why whole runs cannot tell a cluster with it from one without: they are not asked. */
  readonly hiddenFromRuns?: string;
  /** The file of tests that is there for it; it is asked first. */
  readonly test?: string;
}
