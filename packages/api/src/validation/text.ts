/**
 * What may stand in a name: any well-formed Unicode but NUL. Half of a surrogate pair has no UTF-8
 * form, so two different names could be stored as one; NUL ends a string in too many places.
 */
export function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
