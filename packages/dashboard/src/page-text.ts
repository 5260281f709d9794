/** The one page: everything in it is made by its modules. */

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#0b57b0"/>
<path d="M10 15v-4a6 6 0 0 1 12 0v4" fill="none" stroke="#fff" stroke-width="3"/>
<rect x="7" y="14" width="18" height="12" rx="2" fill="#fff"/>
</svg>
`;

interface PageParts {
  readonly folder: string;
  /** The module that makes the page. */
  readonly script: string;
  /** All of them are asked for at once, so that none waits for another's imports. */
  readonly modules: readonly string[];
  /** What programs ask for in place of the page. */
  readonly json: string;
}

export function pageOf({ folder, script, modules, json }: PageParts): string {
  const preloads = modules
    .map((name) => `    <link rel="modulepreload" href="${folder}/${name}">\n`)
    .join('');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Holdfast</title>
    <link rel="stylesheet" href="${folder}/style.css">
    <link rel="icon" type="image/svg+xml" href="${folder}/icon.svg">
${preloads}    <script type="module" src="${folder}/${script}"></script>
  </head>
  <body>
    <div id="application"><p class="quiet">Loading …</p></div>
    <noscript><p>The dashboard needs JavaScript. Programs get JSON here: <code>curl ${json}</code>.</p></noscript>
  </body>
</html>
`;
}
