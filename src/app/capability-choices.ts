// What a person may choose when a file of measured values is judged.
import { DELIMITERS, type Delimiter } from "#stats/delimited.ts";

export { ENCODINGS } from "#stats/encoding.ts";
export { SIGMA_METHODS } from "#stats/sigma.ts";

export const DELIMITER_NAMES = Object.keys(DELIMITERS) as Delimiter[];
