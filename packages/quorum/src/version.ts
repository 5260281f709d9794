/** Of the program, as its nodes tell it. */
export const version: string = '0.1.0';
