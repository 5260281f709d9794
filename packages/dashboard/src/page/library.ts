/** Preact with hooks and htm: the browser gets the library's own file in place of this module (files.ts). */
export { html, render, useEffect, useRef, useState } from 'htm/preact/standalone';
import type { html as made } from 'htm/preact/standalone';

export type View = ReturnType<typeof made>;
