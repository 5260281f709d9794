/** Where a guard remembers the largest token of each resource. */
export interface FenceStore {
  /**
   * Notes a token where it is larger than all seen for the resource, in one step that nothing comes between.
   *
   * @returns The largest token seen for the resource, this one included: if it is larger than `fenceToken`, that is
   *   stale. May be larger than any that was really seen, never smaller.
   */
  raise(resource: string, fenceToken: number): number | Promise<number>;
}
