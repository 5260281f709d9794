/**
 * Writes deploy/kubernetes/holdfast.yaml: the Helm chart as it is with its default values, for who has no Helm. With
 * `--check` it writes nothing, and fails where the file differs. The templates use values and the name of the release and
 * nothing else of Helm's language, so that this needs no Helm, and what is tested here is what Helm would render.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

const chart = new URL('../deploy/helm/holdfast/', import.meta.url);
const target = new URL('../deploy/kubernetes/holdfast.yaml', import.meta.url);
const head = `# Made from deploy/helm/holdfast by scripts/render-chart.ts; do not edit. kubectl apply --filename holdfast.yaml\n`;

/** @throws Error for what is neither a value nor the name of the release. */
export function render(
  template: string,
  release: string,
  values: Readonly<Record<string, unknown>>,
): string {
  return template.replaceAll(/\{\{\s*(.*?)\s*\}\}/g, (_whole, expression: string) => {
    if (expression === '.Release.Name') return release;
    const value = values[/^\.Values\.(\w+)$/.exec(expression)?.[1] ?? ''];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new Error(`The chart uses {{ ${expression} }}, which is no value of values.yaml.`);
  });
}

/** All templates, in the order of their names. */
export function renderChart(
  release: string,
  changes: Readonly<Record<string, unknown>> = {},
): string {
  const defaults = parse(readFileSync(new URL('values.yaml', chart), 'utf8')) as object;
  const values = { ...defaults, ...changes };
  const folder = new URL('templates/', chart);
  return readdirSync(folder)
    .sort()
    .map((name) => render(readFileSync(new URL(name, folder), 'utf8'), release, values).trim())
    .join('\n---\n');
}

export const kubernetesText = (): string => `${head}${renderChart('holdfast')}\n`;

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(target, kubernetesText());
  else if (readFileSync(target, 'utf8') !== kubernetesText()) {
    console.error(
      'deploy/kubernetes/holdfast.yaml differs from the chart: node scripts/render-chart.ts',
    );
    process.exitCode = 1;
  }
}
