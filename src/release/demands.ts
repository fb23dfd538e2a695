// What a policy demands of a run, held one by one against what there is. Pure: a list of demands, each met or not, each
// with what was wanted and what was found.
import type { RunRecord } from "#home/run-record.ts";
import type { AuditOfRun, Deviation } from "./deviation.ts";
import { looksLike, looksOf } from "./names.ts";
import {
  reproductionText,
  uncountedText,
  type Reproduction,
  type UncountedRebuild,
} from "#rebuild/reproductions.ts";
import type { Policy, RequiredSignature, PolicySigner } from "./policy.ts";
import type { SignatureView } from "./signature-view.ts";

export interface Demand {
  /** `run-passed`, `record-unchanged`, `result-present`, `audit`, `sandbox`, `deviations`, `deviation/<id>`,
   * `signature/<meaning>`, `reproduced/<stage>`, `releaser` */
  name: string;
  isMet: boolean;
  wanted: string;
  found: string;
}

export interface ReleaseFacts {
  policy: Policy;
  record: RunRecord;
  recordDigest: string;
  /** Undefined when the record is as it was written. */
  recordProblem: string | undefined;
  /** Hash of the result tree as it is; undefined when there is none. */
  treeHash: string | undefined;
  /** Why it is not the tree that the run made. */
  treeProblem: string | undefined;
  audit: AuditOfRun | undefined;
  /** Stage with an output -> the sandbox it was built in; `unknown` when the run that built it has no record. */
  sandboxes: ReadonlyMap<string, string>;
  /** Or why they can't be trusted. */
  deviations: readonly Deviation[] | string;
  signatures: readonly SignatureView[];
  /** Stage that was built -> what statements that verify come to; empty where the policy asks for none. */
  reproductions: ReadonlyMap<string, Reproduction>;
  /** Statements about its outputs that count for nothing. */
  uncountedRebuilds: readonly UncountedRebuild[];
  /** Files of such statements that are no longer what they were. */
  lostRebuilds: readonly string[];
  /** Who would release; undefined when nobody is named yet. */
  releaser: Act | undefined;
}

export function checkDemands(facts: ReleaseFacts): Demand[] {
  const { record, recordProblem, treeHash, treeProblem } = facts;
  const wantedState = "the run passed";
  return [
    demand("run-passed", record.status === "passed", wantedState, `the run ${record.status}`),
    demand(
      "record-unchanged",
      recordProblem === undefined,
      "the record as the journal has it",
      recordProblem ?? facts.recordDigest,
    ),
    demand(
      "result-present",
      treeHash !== undefined,
      "the result in the store",
      treeProblem ?? (treeHash === undefined ? "no result" : `sha256:${treeHash}`),
    ),
    auditDemand(facts),
    sandboxDemand(facts),
    ...deviationDemands(facts),
    ...signatureDemands(facts),
    ...reproducedDemands(facts),
    releaserDemand(facts),
  ];
}

function demand(name: string, isMet: boolean, wanted: string, found: string): Demand {
  return { name, isMet, wanted, found };
}

/** What a policy that wants a fresh audit asks of a release that is there: it was made under one that wanted it, too. */
export function freshAuditDemand(policy: Policy, madeUnder: Policy): Demand[] {
  if (policy.audit !== "fresh") return [];
  const found = madeUnder.audit === "fresh" ? "made for the release" : "it was released by a stored audit";
  return [demand("audit", madeUnder.audit === "fresh", wantedAudit(policy), found)];
}

function wantedAudit({ audit }: Policy): string {
  return `${audit === "fresh" ? "an audit of this record, made for the release," : "the last audit of this record"} that holds`;
}

function auditDemand({ policy, audit, record, recordDigest }: ReleaseFacts): Demand {
  const wanted = wantedAudit(policy);
  if (audit === undefined) return demand("audit", false, wanted, "no audit of this record");
  if (audit.runId !== record.runId || audit.recordDigest !== recordDigest) {
    return demand("audit", false, wanted, "an audit of another record");
  }
  const open = audit.claims.filter(({ status }) => status !== "holds");
  const list = open
    .slice(0, 3)
    .map(({ id, status }) => `${id} ${status}`)
    .join(", ");
  const more = open.length > 3 ? ` and ${open.length - 3} more` : "";
  const found = `${audit.status} (${audit.auditedAt})${list === "" ? "" : `: ${list}${more}`}`;
  return demand("audit", audit.status === "holds", wanted, found);
}

/**
 * Where the run that built a stage left no record (it was killed), an audit that holds stands in: it got the same bytes
 * in a sandbox of its own.
 */
function sandboxDemand({ policy, sandboxes, audit }: ReleaseFacts): Demand {
  const again = audit?.status === "holds" ? audit.sandbox : undefined;
  const isAllowed = (kind: string) => policy.sandboxes.includes(kind);
  const kinds = [...sandboxes].map(([stage, kind]) => {
    const isRebuilt = kind === "unknown" && again !== undefined;
    const shown = isRebuilt ? `unknown, and again in ${again} by the audit` : kind;
    return { stage, shown, isGood: isAllowed(isRebuilt ? again : kind) };
  });
  const refused = kinds.filter(({ isGood }) => !isGood);
  const all = [...new Set(kinds.map(({ shown }) => shown))].toSorted();
  const found =
    refused.length === 0
      ? all.join(", ") || "no stage was built in one"
      : refused.map(({ stage, shown }) => `${stage} in ${shown}`).join(", ");
  return demand("sandbox", refused.length === 0, `built in ${policy.sandboxes.join(", ")} only`, found);
}

function deviationDemands({ policy, deviations }: ReleaseFacts): Demand[] {
  const { blocking, until } = policy.deviations;
  const wanted = `no ${blocking.join(" or ")} deviation that is not ${until}, none that was rejected`;
  if (typeof deviations === "string") return [demand("deviations", false, wanted, deviations)];
  const blocks = deviations.flatMap((each) => {
    const reason = blockReason(each, policy);
    return reason === undefined
      ? []
      : [demand(`deviation/${each.id}`, false, wanted, `${reason}: ${each.statement}`)];
  });
  if (blocks.length > 0) return blocks;
  return [demand("deviations", true, wanted, `${deviations.length} deviations, none of them blocks`)];
}

/** One for each output that is not reproduced as asked; one in all when every one is. */
function reproducedDemands({
  policy,
  reproductions,
  uncountedRebuilds,
  lostRebuilds,
}: ReleaseFacts): Demand[] {
  const { reproduced: asked } = policy;
  if (asked === undefined) return [];
  const { atLeast, engines, homes, variations = [] } = asked;
  const by = engines.length === 0 ? "" : ` by ${engines.join(" and ")}`;
  const under = variations.length === 0 ? "" : `, also with other ${variations.join(", ")}`;
  const wanted = `the same bytes from ${atLeast} or more rebuilds${by}${under}, signed by ${homes} or more homes, and never others`;
  const [lost] = lostRebuilds;
  if (lost !== undefined)
    return [demand("reproduced", false, wanted, `${lost} is gone or another one, and may tell of others`)];
  if (reproductions.size === 0) return [demand("reproduced", false, wanted, "no output that was built")];
  const missing = [...reproductions].flatMap(([stage, found]) => {
    const uncounted = uncountedRebuilds.filter((each) => each.stage === stage);
    const isMet =
      !uncounted.some(({ isDenial }) => isDenial) &&
      found.status === "reproduced" &&
      found.same >= atLeast &&
      engines.every((engine) => found.engines.includes(engine)) &&
      variations.every((name) => found.varied.includes(name)) &&
      found.keys.length >= homes;
    const unvaried = variations.filter((name) => !found.varied.includes(name)).join(", ");
    const still = unvaried === "" ? "" : `not with other ${unvaried}`;
    const text = [reproductionText(found), still, uncountedText(uncounted)]
      .filter((each) => each !== "")
      .join("; ");
    return isMet ? [] : [demand(`reproduced/${stage}`, false, wanted, text)];
  });
  if (missing.length > 0) return missing;
  return [demand("reproduced", true, wanted, `all of ${reproductions.size} outputs`)];
}

function blockReason(
  { severity, state, disposition, history }: Deviation,
  policy: Policy,
): string | undefined {
  const { blocking, until } = policy.deviations;
  if (disposition !== undefined && disposition !== "use-as-is")
    return `${severity}, its disposition is ${disposition}`;
  if (!blocking.includes(severity)) return undefined;
  const isOpen = until === "closed" ? state !== "closed" : ["open", "investigating"].includes(state);
  if (isOpen) return `${severity}, ${state}`;
  const moves = history.map(({ signer, ...move }) => ({ ...move, name: signer }));
  // Whoever is not named may have moved it before: from the last investigation on, all is by people of the policy.
  const since = moves.findLastIndex(({ to }) => to === "investigating");
  const stranger = moves.slice(Math.max(0, since)).find((move) => roleOf(policy, move) === undefined);
  if (stranger !== undefined)
    return `${severity}, moved by ${stranger.name}, whom the policy does not name with that key at that time`;
  if (policy.fourEyes?.includes("closing") !== true) return undefined;
  const closing = moves.findLast(({ to }) => to === "closed");
  const investigator = moves.find(
    (move) =>
      move.to === "investigating" &&
      closing !== undefined &&
      roleOf(policy, move) !== undefined &&
      isSamePerson(move, closing),
  );
  return investigator && `${severity}, investigated and closed by ${investigator.name}`;
}

/** Somebody who signed, with which key, and when (ISO 8601). */
export interface Act {
  name: string;
  keyId: string;
  /** By the clock of who signed, or who holds the key by now. */
  at: string;
  /** The journal had it no earlier. */
  sealedAt?: string | undefined;
  /** An authority had the signature then. */
  stampedAt?: string | undefined;
}

/** The role of who signed; `""` where any key may sign, undefined where this one may not, or might not then. */
export function roleOf(
  { signers }: Policy,
  { name, keyId, at, sealedAt = at, stampedAt = at }: Act,
): string | undefined {
  if (signers === "any") return "";
  const signer = signers.find((each) => each.name === name && each.keyId === keyId);
  // A stolen key can sign for any time: that of the journal counts as well, and that of others.
  return signer && [at, sealedAt, stampedAt].every((time) => isValidAt(signer, time))
    ? signer.role
    : undefined;
}

function isValidAt({ from, until, revoked }: PolicySigner, at: string): boolean {
  const time = Date.parse(at);
  const isBefore = (end: string | undefined) => end === undefined || time < Date.parse(end);
  return (from === undefined || time >= Date.parse(from)) && isBefore(until) && isBefore(revoked);
}

export function actOf({ signer, keyId, signedAt, sealedAt, stampedAt }: SignatureView): Act {
  return { name: signer, keyId, at: signedAt, sealedAt, stampedAt };
}

function isSamePerson(a: Pick<Act, "name" | "keyId">, b: Pick<Act, "name" | "keyId">): boolean {
  return looksLike(a.name, b.name) || a.keyId === b.keyId;
}

/** Every required signature by another person: as many as can be filled at once are. */
function signatureDemands({ policy, signatures }: ReleaseFacts): Demand[] {
  const usable = signatures.filter((each) => each.isValid && roleOf(policy, actOf(each)) !== undefined);
  const filled = assign(policy, policy.signatures, usable);
  return policy.signatures.map((required, index) => {
    const { meaning, role } = required;
    const by = role === undefined ? "" : ` by a ${role}`;
    const wanted = `${meaning}${by}, by a person who gives no other required signature`;
    const given = filled[index];
    if (given !== undefined) {
      return demand(`signature/${meaning}`, true, wanted, `${given.signer} at ${given.signedAt}`);
    }
    const others = signatures.filter((each) => each.meaning === meaning && each.isValid);
    const found = others.map((each) => `${each.signer}: ${whyNot(policy, required, each)}`).join("; ");
    return demand(`signature/${meaning}`, false, wanted, found || "none");
  });
}

function whyNot(policy: Policy, { role }: RequiredSignature, given: SignatureView): string {
  const found = roleOf(policy, actOf(given));
  if (found === undefined) return "not a signer of the policy with that key at that time";
  return role !== undefined && found !== role
    ? `is ${found}, not ${role}`
    : "gives another required signature";
}

/** For each requirement a signature of a person of its own; the best that can be had, by trying. */
function assign(
  policy: Policy,
  required: readonly RequiredSignature[],
  usable: readonly SignatureView[],
): (SignatureView | undefined)[] {
  const persons = usable.map((view): Person => ({ view, traits: [view.keyId, ...looksOf(view.signer)] }));
  const candidates = required.map(({ meaning, role }) => {
    const isRole = ({ view }: Person) => role === undefined || roleOf(policy, actOf(view)) === role;
    return enough(
      persons.filter((each) => each.view.meaning === meaning && isRole(each)),
      required.length,
    );
  });
  let best: readonly (Person | undefined)[] = [];
  /** @param free for each requirement that is left, those who give none of the filled ones */
  const fill = (filled: readonly (Person | undefined)[], free: readonly Person[][]): void => {
    if (count(filled) > count(best)) best = filled;
    const [first, ...rest] = free;
    if (first === undefined || count(filled) + mostOf(free) <= count(best)) return;
    for (const given of first) {
      const others = rest.map((each) => each.filter((other) => !shareTrait(given, other)));
      fill([...filled, given], others);
    }
    fill([...filled, undefined], rest);
  };
  fill([], candidates);
  return required.map((_, index) => best[index]?.view);
}

interface Person {
  view: SignatureView;
  /** Key, and the two looks of the name: who shares one of them is the same person. */
  traits: readonly string[];
}

function shareTrait({ traits }: Person, other: Person): boolean {
  return traits.some((trait, index) => trait === other.traits[index]);
}

/** No more of these requirements can be filled than some are left for, and than there are different traits. */
function mostOf(free: readonly Person[][]): number {
  const all = free.flat();
  const kinds = [0, 1, 2].map((index) => new Set(all.map(({ traits }) => traits[index])).size);
  return Math.min(free.filter((each) => each.length > 0).length, ...kinds);
}

/**
 * As many of these as trying needs, however many there are: whoever can write to a home can put any number there. Of those
 * who share two traits `most` do: the others of an assignment take away no more than one each. Of those who share one it is
 * twice the square, by the same reasoning once more, and of all six times the cube: who is left out can be replaced by one
 * who is kept.
 */
function enough(persons: readonly Person[], most: number): Person[] {
  const kept = new Map<string, number>();
  const limitOf = [6 * most ** 3, 2 * most ** 2, most, 1];
  return persons.filter(({ traits }) => {
    const shared = SUBSETS.map((indices) => [indices, indices.map((index) => traits[index])] as const);
    const names = shared.map((each) => JSON.stringify(each));
    const isFull = shared.some(
      ([{ length }], at) => (kept.get(names[at] ?? "") ?? 0) >= (limitOf[length] ?? 0),
    );
    if (isFull) return false;
    for (const name of names) kept.set(name, (kept.get(name) ?? 0) + 1);
    return true;
  });
}

/** Which of the three traits are shared. */
const SUBSETS = [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

function count(filled: readonly (Person | undefined)[]): number {
  return filled.filter((each) => each !== undefined).length;
}

function releaserDemand({ policy, releaser, signatures }: ReleaseFacts): Demand {
  const { releaseRoles: roles } = policy;
  const wanted =
    roles === undefined ? "released by a signer of the policy" : `released by a ${roles.join(" or ")}`;
  if (releaser === undefined) return demand("releaser", false, wanted, "nobody signs the release");
  const role = roleOf(policy, releaser);
  const approval = policy.fourEyes?.includes("releasing")
    ? signatures.find(
        (each) => each.isValid && each.meaning === "approval" && isSamePerson(actOf(each), releaser),
      )
    : undefined;
  const isAllowed =
    approval === undefined && role !== undefined && (roles === undefined || roles.includes(role));
  const who =
    role === undefined
      ? "not a signer of the policy with that key at that time"
      : approval === undefined
        ? role || "any key may release"
        : "approved the run, and may not release it";
  return demand("releaser", isAllowed, wanted, `${releaser.name}: ${who}`);
}
