// What a refusal of the system below a home means: it is the home that can't be used, and not a file of it.
import { isPipeliteError, systemErrorCode, type PipeliteError } from "#base/errors.ts";
import { pipeliteError } from "#store/errors.ts";
import { storeFailure } from "#store/failure.ts";

/** @returns undefined where it says nothing about the home */
export function homeFailure(home: string, path: string, error: Error): PipeliteError | undefined {
  if (path !== home && !path.startsWith(`${home}/`)) return undefined;
  const isMaking = "syscall" in error && error.syscall === "mkdir";
  if (isMaking && systemErrorCode(error) === "ENOENT")
    return pipeliteError("STORE_READ_ONLY", { home, reason: "no folder can be made there" }, error);
  const known = storeFailure({ home }, error);
  return isPipeliteError(known) ? known : undefined;
}
