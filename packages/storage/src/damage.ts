/** What a member that may have forgotten something has to do. */
const recovery =
  'This member may have forgotten what it acknowledged, so it must not vote: remove it from the cluster and ' +
  'add it again as a learner, under a new id with an empty folder (a single node: restore the folder from a backup).';

/** The folder cannot be trusted. The node must not start on it: what it had acknowledged may be gone. */
export class StorageDamagedError extends Error {
  override readonly name: string = 'StorageDamagedError';
  readonly file: string;
  /** Without the file, and without what to do. */
  readonly what: string;
  constructor(file: string, what: string) {
    super(`${file} is damaged: ${what}. Nothing was changed. ${recovery}`);
    this.file = file;
    this.what = what;
  }
}

/** The log that the node's identity names is not there: it is gone, or it is the log of another node. */
export class LogMissingError extends Error {
  override readonly name: string = 'LogMissingError';
  readonly folder: string;
  constructor(folder: string, what: string) {
    super(
      `${folder} does not hold the log of this node: ${what}. Nothing was changed. ${recovery}`,
    );
    this.folder = folder;
  }
}
