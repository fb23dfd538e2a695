// Facts: what documents may say. A number or a verdict is a figure, which is a claim of the record; everything else with
// a digit in it (a hash, a path, a date, a number of a clause) is an identifier, which says where it stands.
import type { Claim, ClaimValue } from "#home/run-record.ts";
import type { RunRecord } from "#home/run-record.ts";

export interface ClaimFigure {
  claim: string;
  statement: string;
  value: ClaimValue;
  unit?: string;
  status: string;
  limit?: ClaimValue;
}

export interface Identifier {
  identifier: string;
  /** What it is of, where that isn't clear by the place: `validation limits/capability`. */
  name?: string;
  /** `run.json#/startedAt`, `mapping:21cfr11`, `<store path>.drv#/params/limits`: where to read the same. */
  source: string;
}

export type Fact = ClaimFigure | Identifier;

export function isFigure(fact: Fact): fact is ClaimFigure {
  return "claim" in fact;
}

export function identifier(text: string, source: string, name?: string): Identifier {
  return { identifier: text, source, ...(name !== undefined && { name }) };
}

/** The claim as a figure. */
export function figureOf({ id, statement, value, unit, status, limit }: Claim): ClaimFigure {
  return {
    claim: id,
    statement,
    value,
    ...(unit !== undefined && { unit }),
    status,
    ...(limit !== undefined && { limit }),
  };
}

/** Claims by name. */
export class Claims {
  readonly all: readonly Claim[];
  readonly #byId: ReadonlyMap<string, Claim>;
  readonly #matching = new Map<string, readonly Claim[]>();
  #checks: readonly Claim[] | undefined;

  constructor(all: readonly Claim[]) {
    this.all = all;
    this.#byId = new Map(all.map((claim) => [claim.id, claim]));
  }

  get(id: string): Claim | undefined {
    return this.#byId.get(id);
  }

  /** The claims whose id is `pattern`, in which `*` stands for anything. Looked for once. */
  matching(pattern: string): readonly Claim[] {
    if (!pattern.includes("*")) return [this.#byId.get(pattern) ?? []].flat();
    const known = this.#matching.get(pattern);
    if (known !== undefined) return known;
    const parts = pattern.split("*").map((part) => RegExp.escape(part));
    const wanted = new RegExp(`^${parts.join(".*")}$`);
    const [first, last] = [
      pattern.slice(0, pattern.indexOf("*")),
      pattern.slice(pattern.lastIndexOf("*") + 1),
    ];
    const found = this.all.filter(({ id }) => id.startsWith(first) && id.endsWith(last) && wanted.test(id));
    this.#matching.set(pattern, found);
    return found;
  }

  /** What a stage checked and wrote into its verdict. */
  checks(): readonly Claim[] {
    return (this.#checks ??= this.all.filter(({ kind }) => kind === "check"));
  }
}

const claimsOf = new WeakMap<readonly Claim[], Claims>();

/** The claims of a record by name: all its documents ask the same. */
export function claimsByName({ claims }: Pick<RunRecord, "claims">): Claims {
  const known = claimsOf.get(claims);
  if (known !== undefined) return known;
  const made = new Claims(claims);
  claimsOf.set(claims, made);
  return made;
}

/** The members of the record that a pointer with `*` names, as identifiers: the first `max` of them. */
export function recordIdentifiers(record: RunRecord, pattern: string, max: number): Identifier[] {
  return resolveSteps(record, pattern)
    .filter(({ value }) => typeof value === "string" || typeof value === "number")
    .take(max)
    .map(({ pointer, value }) => identifier(String(value), `run.json#${pointer}`, stageAt(record, pointer)))
    .toArray();
}

function stageAt({ stages }: RunRecord, pointer: string): string | undefined {
  const [, index] = /^\/stages\/(\d+)\//.exec(pointer) ?? [];
  return index === undefined ? undefined : stages[Number(index)]?.name;
}

interface Found {
  pointer: string;
  value: unknown;
}

/** What a JSON pointer (RFC 6901) names; a part that is `*` stands for every member. */
export function resolvePattern(document: unknown, pattern: string): Found[] {
  return [...resolveSteps(document, pattern)];
}

/** One after the other: nobody needs all of what may be thousands. */
function resolveSteps(document: unknown, pattern: string): Generator<Found, undefined> {
  return stepsBelow({ pointer: "", value: document }, pattern.split("/").slice(1));
}

function* stepsBelow(found: Found, [part, ...rest]: readonly string[]): Generator<Found, undefined> {
  const { pointer, value } = found;
  if (part === undefined) return void (yield found);
  if (typeof value !== "object" || value === null) return;
  const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
  const keys = part === "*" ? Object.keys(value) : isMember(value, name) ? [name] : [];
  for (const key of keys) {
    const member = (value as Record<string, unknown>)[key];
    yield* stepsBelow({ pointer: `${pointer}/${escapeKey(key)}`, value: member }, rest);
  }
}

function isMember(value: object, name: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, name);
}

function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
