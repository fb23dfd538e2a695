// The list of machines that build, in the form of Nix's `builders`: one a line (or between semicolons), fields between white
// space, `-` for nothing. Specification: Nix manual, "Remote builds"; `libstore/machines.cc`.
import { readNamedText } from "#base/files.ts";
import { messageOf } from "#base/strict-json.ts";
import { pipeliteError } from "#engine/errors.ts";

export interface Machine {
  /** `ssh-ng://USER@HOST`, `unix:///SOCKET`, `daemon`, or `local` for the store of the home itself. */
  uri: string;
  systems: readonly string[];
  /** Private key for ssh. */
  key?: string;
  jobs: number;
  /** How much quicker than others. */
  speed: number;
  features: readonly string[];
  /** What a derivation must ask for to be built there. */
  mandatoryFeatures: readonly string[];
  /** Base64 of the host's public key as known_hosts has it, without the name. */
  hostKey?: string;
}

/**
 * @param text a list, or `@FILE` for a file that holds one; such files may name further ones
 * @param here the system of this machine, for those that name none
 * @throws PipeliteError MACHINES_INVALID
 */
export function parseMachines(text: string, here: string): Machine[] {
  return machinesIn(text, here, 0);
}

/** Files of machines that name files of machines: more are one that names itself. */
const NESTED_MAX = 10;

function machinesIn(text: string, here: string, depth: number): Machine[] {
  return text.split(/[\n;]/).flatMap((line) => {
    const words = line.replace(/#.*/, "").trim();
    if (words === "") return [];
    if (!words.startsWith("@")) return [machineOf(words, here)];
    const problem = `files name files ${NESTED_MAX} times: is it named by itself?`;
    if (depth >= NESTED_MAX) throw pipeliteError("MACHINES_INVALID", { line: words, problem });
    return machinesIn(readList(words.slice(1)), here, depth + 1);
  });
}

function readList(file: string): string {
  try {
    return readNamedText(file);
  } catch (error) {
    throw pipeliteError("MACHINES_INVALID", { line: `@${file}`, problem: messageOf(error) }, error);
  }
}

function machineOf(line: string, here: string): Machine {
  const fields = line.split(/\s+/);
  const refuse = (problem: string): never => {
    throw pipeliteError("MACHINES_INVALID", { line, problem });
  };
  if (fields.length > 8) refuse("it has more than eight fields");
  const field = (index: number): string | undefined => {
    const value = fields[index];
    return value === undefined || value === "-" ? undefined : value;
  };
  const list = (index: number): string[] => field(index)?.split(",").filter(Boolean) ?? [];
  const jobs = Number(field(3) ?? 1);
  const speed = Number(field(4) ?? 1);
  if (!Number.isInteger(jobs) || jobs < 0) refuse(`'${field(3)}' is not a count of jobs`);
  if (!(speed > 0) || !Number.isFinite(speed)) refuse(`'${field(4)}' is no speed`);
  const uri = field(0) ?? refuse("it names no machine");
  const systems = list(1);
  const key = field(2);
  const hostKey = field(7);
  return {
    uri: checkUri(uri, refuse),
    systems: systems.length === 0 ? [here] : systems,
    ...(key !== undefined && { key }),
    jobs,
    speed,
    features: list(5),
    mandatoryFeatures: list(6),
    ...(hostKey !== undefined && { hostKey }),
  };
}

function checkUri(uri: string, refuse: (problem: string) => never): string {
  if (uri === "local" || uri === "daemon" || /^unix:\/\/\/./.test(uri)) return uri;
  if (uri.startsWith("ssh://")) refuse("ssh:// is the protocol of old; write ssh-ng:// for the same machine");
  // A bare host is ssh in Nix's own lists.
  const url = URL.parse(uri.includes("://") ? uri : `ssh-ng://${uri}`);
  if (url?.protocol !== "ssh-ng:" || url.hostname === "") refuse(`'${uri}' is not a machine`);
  // What begins with a dash would be an option of ssh.
  if (url?.hostname.startsWith("-") || url?.username.startsWith("-")) refuse(`'${uri}' is not a machine`);
  return uri.includes("://") ? uri : `ssh-ng://${uri}`;
}
