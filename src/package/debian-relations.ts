// Relations between Debian packages (deb-control(5), Debian Policy 7): `a (>= 1) | b, c:any`.
import { pipeliteError } from "./errors.ts";
import type { VersionRelation } from "./debian-version.ts";

/** One package that would do. */
export interface Dependency {
  name: string;
  /** `any`, `native` or an architecture, where it is given. */
  qualifier?: string;
  relation?: VersionRelation;
  version?: string;
}

const ONE =
  /^([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9-]+))? ?(?:\( ?(<<|<=|=|>=|>>|<|>) ?([^ )]+) ?\))? ?(?:\[[^\]]*\])? ?(?:<[^>]*> ?)*$/i;
/** Of before there were `<<` and `>>`. */
const OLD: Readonly<Record<string, VersionRelation>> = { "<": "<=", ">": ">=" };

/** Groups, in each of which one is enough. @throws PipeliteError DEBIAN_RELATION_INVALID */
export function parseRelations(text: string): Dependency[][] {
  return text
    .split(",")
    .map((group) => group.trim())
    .filter((group) => group !== "")
    .map((group) => group.split("|").map((each) => parseOne(each.trim())));
}

function parseOne(text: string): Dependency {
  // One blank at most in a place: of two of any number side by side each could take what the other leaves.
  const [, name, qualifier, relation, version] = ONE.exec(text.split(/\s+/).join(" ")) ?? [];
  if (name === undefined) {
    const SHOWN = 100;
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
    throw pipeliteError("DEBIAN_RELATION_INVALID", { text: shown });
  }
  return {
    name,
    ...(qualifier !== undefined && { qualifier }),
    ...(relation !== undefined && { relation: OLD[relation] ?? (relation as VersionRelation) }),
    ...(version !== undefined && { version }),
  };
}
