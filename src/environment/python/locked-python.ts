// What the lock file says of wheels: which, and for which Python. Not where they are.
import type { PythonRequest } from "#author/environment-request.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import * as shape from "#base/shape.ts";
import { parseWheelName } from "#package/wheel.ts";

export interface LockedPython {
  request: PythonRequest;
  architecture: string;
  /** SHA-256 of the file that says what is to be installed. */
  requirements: string;
  /** `3.11` */
  python: string;
  wheels: LockedWheel[];
}

export interface LockedWheel {
  file: string;
  size: number;
  sha256: string;
}

const { count, list, matching, object, text } = shape;
const sha256 = matching(/^[0-9a-f]{64}$/, "SHA-256");
const wheelName: shape.Shape<string> = (value) =>
  typeof value === "string" && parseWheelName(value) !== undefined ? undefined : " is no name of a wheel";

const lockedPython: shape.Shape<LockedPython> = object<LockedPython>({
  request: shape.json as shape.Shape<PythonRequest>,
  architecture: text,
  requirements: sha256,
  python: matching(/^3\.\d+$/, "version of Python"),
  wheels: list(object<LockedWheel>({ file: wheelName, size: count, sha256 })),
});

/** What is wrong with a lock that somebody may have edited: where, and what. */
export function faultOfLockedPython(value: unknown, request: PythonRequest): string | undefined {
  const fault = lockedPython(value);
  if (fault !== undefined) return fault.startsWith("/") ? fault : `it${fault}`;
  const locked = value as LockedPython;
  return canonicalJson(locked.request) === canonicalJson(request) ? undefined : "it answers another request";
}
