// The kinds of universe levels.
export const ZERO = 0;
export const SUCC = 1;
export const MAX = 2;
export const IMAX = 3;
export const PARAM = 4;

/** A number from 0; the parts of a level have smaller ones. 0 is the level 0. */
export type Level = number;

/** What levels are made of, as Levels has it. */
export interface LevelTable {
  kind(level: Level): number;
  /** The operand of SUCC, the first of MAX and IMAX, the name of PARAM. */
  first(level: Level): number;
  second(level: Level): number;
  /** The levels and all of their parts, parts first. */
  partsOf(...levels: readonly Level[]): readonly Level[];
}
