// Expressions are numbers; these are their kinds.
//
// Bound variables are de Bruijn indices. A binder is opened with a free variable that carries its type and a level: one
// more than the highest level in the expression that is opened. So what is computed about an expression depends on the
// expression alone: a free variable brings its part of the local context along.

/** A number from 0; two expressions that differ at most in the names of bound variables have the same one. */
export type Expr = number;

export const BVAR = 0;
export const FVAR = 1;
export const SORT = 2;
export const CONST = 3;
export const NAT = 4;
export const STR = 5;
/** From here on, kinds with parts. */
export const APP = 6;
export const LAM = 7;
export const PI = 8;
export const LET = 9;
export const PROJ = 10;
/** The value and the body of a LET: a part of it, and no expression by itself. */
export const PAIR = 11;

export type ExprKind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11;
