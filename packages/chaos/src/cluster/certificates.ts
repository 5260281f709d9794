/** Certificates of an authority of one run alone: of its nodes, and one that all of its clients show. */
import { join } from 'node:path';
import {
  authorityIn,
  makeAuthority,
  makeClientCertificate,
  makeNodeCertificate,
  pathsIn,
} from '@holdfast/tls/development';
import type { ShownFiles } from './shown.ts';

const host = '127.0.0.1';

export class RunCertificates {
  readonly #folder: string;
  /** What clients show. */
  readonly files: ShownFiles;

  private constructor(folder: string, files: ShownFiles) {
    this.#folder = folder;
    this.files = files;
  }

  /** @param runFolder Of the nodes: certificates have a folder in it. */
  static async make(runFolder: string): Promise<RunCertificates> {
    const folder = join(runFolder, 'tls');
    await makeAuthority(folder, 'Holdfast chaos');
    await makeClientCertificate('client', { folder });
    return new RunCertificates(folder, {
      authority: authorityIn(folder),
      ...pathsIn(folder, 'client'),
    });
  }

  /** Makes that of a node. */
  async ofNode(nodeId: string): Promise<ShownFiles> {
    const { certificate, key } = await makeNodeCertificate(nodeId, [host], {
      folder: this.#folder,
    });
    return { authority: this.files.authority, certificate, key };
  }
}
