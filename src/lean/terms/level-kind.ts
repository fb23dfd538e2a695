// The kinds of universe levels.
export const ZERO = 0;
export const SUCC = 1;
export const MAX = 2;
export const IMAX = 3;
export const PARAM = 4;

/** A number from 0; the parts of a level have smaller ones. 0 is the level 0. */
export type Level = number;
