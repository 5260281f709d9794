/** A shared set outside of the cluster, read whole and written whole, as many programs do. */
import { DatabaseSync } from 'node:sqlite';

export class SharedSet {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS shared_set (id INTEGER PRIMARY KEY CHECK (id = 1), elements TEXT NOT NULL, token INTEGER NOT NULL);
       INSERT OR IGNORE INTO shared_set VALUES (1, '[]', 0);`,
    );
  }

  read(): readonly string[] {
    const row = this.#database.prepare('SELECT elements FROM shared_set').get();
    return JSON.parse(String(row?.['elements'])) as string[];
  }

  /** Writes without a look at the token: whoever writes last is right. */
  write(elements: readonly string[]): void {
    this.#database.prepare('UPDATE shared_set SET elements = ?').run(JSON.stringify(elements));
  }

  /** Writes unless a larger token has been here. Returns whether it did. */
  writeFenced(elements: readonly string[], token: number): boolean {
    const { changes } = this.#database
      .prepare('UPDATE shared_set SET elements = ?, token = ? WHERE token <= ?')
      .run(JSON.stringify(elements), token, token);
    return Number(changes) === 1;
  }

  close(): void {
    this.#database.close();
  }
}
