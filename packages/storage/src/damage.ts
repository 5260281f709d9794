/** The folder cannot be trusted. The node must not start on it: what it had acknowledged may be gone. */
export class StorageDamagedError extends Error {
  override readonly name: string = 'StorageDamagedError';
  readonly file: string;
  constructor(file: string, what: string) {
    super(
      `${file} is damaged: ${what}. Nothing was changed. This node must not go on from it, because it may have ` +
        `forgotten what it acknowledged: remove this member from the cluster and add it again under a new id with an empty folder ` +
        `(a single node: restore the folder from a backup).`,
    );
    this.file = file;
  }
}
