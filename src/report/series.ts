// The values behind a claim on capability, read from its evidence by its own formula: what the charts of the report draw.
import type { Home } from "#home/home.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { Claim } from "#home/run-record.ts";
import { RECORD_FILE } from "#evidence/claims.ts";
import { EvidenceFiles, lookUp, parseReference, placeBelow } from "#evidence/evidence-files.ts";
import { parseFormula } from "#formula/syntax.ts";
import type { Expression, Formula } from "#formula/syntax.ts";
import { evaluate } from "#formula/formula.ts";
import type { FormulaContext, NamedPath, Value } from "#formula/formula.ts";
import type { RunRecord } from "#home/run-record.ts";
import type { ClaimSeries } from "#standards/input.ts";

/** Functions whose parameters are groups, a lower and an upper limit. */
const CAPABILITY = new Set(["cpk", "cpkLowerBound", "capabilityBound", "capabilityStatus"]);

/** More claims than this are not drawn: the first are. */
const SERIES_MAX = 8;

/** The series of a run, one for each place that values are read from. */
export function readClaimSeries(home: Home, record: RunRecord): ClaimSeries[] {
  const files = new EvidenceFiles();
  const found = new Map<string, ClaimSeries>();
  for (const claim of record.claims) {
    if (found.size === SERIES_MAX) break;
    if (!isCharted(claim)) continue;
    const series = seriesOf(claim, contextOf(home, record, claim, files));
    if (series !== undefined && !found.has(series.place)) found.set(series.place, series);
  }
  return [...found.values()];
}

/** Whether its formula may ask for capability. */
export function isCharted({ formula }: Claim): boolean {
  return /\b(cpk|capability)/.test(formula);
}

/** Undefined where the formula asks for no capability, or where its evidence is gone. */
function seriesOf(claim: Claim, context: FormulaContext): ClaimSeries | undefined {
  try {
    const formula = parseFormula(claim.formula);
    const call = callsIn(formula).find(({ name }) => CAPABILITY.has(name));
    const [groups, lower, upper] = call?.parameters ?? [];
    if (groups === undefined || lower === undefined || upper === undefined) return undefined;
    const valueOf = (result: Expression): Value => evaluate(partFor(result, formula), context);
    const limits = [lower, upper]
      .map(valueOf)
      .map((value) => (typeof value === "number" ? value : undefined));
    const [low, high] = limits;
    const values = groupsOf(valueOf(groups));
    if (values === undefined || !areLimits(low, high)) return undefined;
    const place = claim.evidence[evidenceIn(groups, formula) - 1] ?? "";
    return { claim, place, groups: values, limits: { lower: low, upper: high } };
  } catch (error) {
    if (isPipeliteError(error)) return undefined;
    throw error;
  }
}

/** Of a formula what one expression rests on: the study itself may take seconds. */
function partFor(result: Expression, { text, definitions }: Formula): Formula {
  const isNeeded = definitions.map(() => false);
  const need = (expression: Expression, known: number): void => {
    for (const node of nodesOf(expression)) {
      if (node.kind !== "name") continue;
      const at = definitions.findLastIndex(({ name }, index) => index < known && name === node.name);
      const definition = definitions[at];
      if (definition === undefined || isNeeded[at] === true) continue;
      isNeeded[at] = true;
      need(definition.value, at);
    }
  };
  need(result, definitions.length);
  return { text, definitions: definitions.filter((_, index) => isNeeded[index]), result };
}

type Call = Expression & { kind: "call" };

function callsIn({ definitions, result }: Formula): Call[] {
  return [...definitions.map(({ value }) => value), result]
    .flatMap(nodesOf)
    .filter((node) => node.kind === "call");
}

function nodesOf(node: Expression): Expression[] {
  switch (node.kind) {
    case "not":
    case "negative":
      return [node, ...nodesOf(node.operand)];
    case "binary":
      return [node, ...nodesOf(node.left), ...nodesOf(node.right)];
    case "call":
      return [node, ...node.parameters.flatMap(nodesOf)];
    default:
      return [node];
  }
}

/** Number of the first evidence that an expression reads, itself or through names. */
function evidenceIn(expression: Expression, { definitions }: Formula): number {
  for (const node of nodesOf(expression)) {
    if (node.kind === "evidence") return node.index;
    if (node.kind !== "name") continue;
    const at = definitions.findIndex(({ name }) => name === node.name);
    const definition = definitions[at];
    if (definition === undefined) continue;
    return evidenceIn(definition.value, { definitions: definitions.slice(0, at), text: "", result: node });
  }
  return 0;
}

function groupsOf(value: Value): number[][] | undefined {
  if (!Array.isArray(value)) return undefined;
  const groups = (value as readonly Value[]).map(
    (group) => (Array.isArray(group) ? group : [group]) as Value[],
  );
  const isNumbers = groups.every((group) => group.every((each) => typeof each === "number"));
  return isNumbers && groups.some(({ length }) => length > 0) ? groups : undefined;
}

/** What src/stats takes for limits; a formula with others gives no value either. */
function areLimits(lower: number | undefined, upper: number | undefined): boolean {
  return lower === undefined ? upper !== undefined : upper === undefined || lower < upper;
}

function contextOf(home: Home, record: RunRecord, claim: Claim, files: EvidenceFiles): FormulaContext {
  const nothing = (): never => {
    throw new RangeError("a chart builds nothing again");
  };
  const place = (index: number): NamedPath => {
    const reference = parseReference(claim.evidence[index - 1] ?? "");
    if (reference?.kind !== "store") return nothing();
    return placeBelow({ path: home.physical(reference.path), shown: reference.path }, reference.file);
  };
  return {
    evidence(index) {
      const reference = parseReference(claim.evidence[index - 1] ?? "");
      if (reference?.kind === "record") {
        return lookUp(JSON.parse(JSON.stringify(record)) as Value, reference.pointer, RECORD_FILE);
      }
      return files.read(place(index), `#${reference?.pointer ?? ""}`);
    },
    place,
    realise: nothing,
    read: (from, reference) => files.read(from, reference),
    measure: (name, from) => files.measure(name, from),
  };
}
