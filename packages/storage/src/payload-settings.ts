/** How files of payloads are written, and who is told of what goes wrong. */

export interface PayloadSettings {
  /** A file is full when it has so many. */
  readonly fileBytes: number;
  /** What is gathered before it is written, unless somebody waits for it. */
  readonly gatheredBytes: number;
  /** Of the latest payloads, kept in memory for those who read them soon. */
  readonly rememberedBytes: number;
}

const mebibyte = 1024 * 1024;
export const defaultPayloads: PayloadSettings = {
  fileBytes: 32 * mebibyte,
  gatheredBytes: mebibyte,
  rememberedBytes: 16 * mebibyte,
};

/** PFILE-4. */
export const mostWaitingBytes: number = 32 * mebibyte;
/** In one write: the log takes turns with it. */
export const mostWrittenBytes: number = 2 * mebibyte;
/** Files that are there at the same time: their places are numbered. */
export const mostFiles = 8192;
/** Of these, files that are not half full (PWASTE-2 of payload-waste.ts). */
export const mostShortFiles = 64;

/** Who is told what. */
export interface PayloadListeners {
  /** Nothing more can be written. */
  readonly onFailure: (error: unknown) => void;
  /** Something goes on without a file, or a part of it. */
  readonly onWarning?: (text: string) => void;
}
