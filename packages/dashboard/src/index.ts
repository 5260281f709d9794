export { answerOf, takesGzip } from './answer.ts';
export { Dashboard, pageHeaders } from './files.ts';
export type { PageFile } from './files.ts';
