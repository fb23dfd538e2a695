// A malformed input: what is wrong with it, the input, the code it must be refused with.
import type { ErrorCode } from "#cli/error-rows.ts";

export type Refused<Input> = readonly [what: string, input: Input, code: ErrorCode];
