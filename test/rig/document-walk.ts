// Walks the documents of a run and finds every digit that is neither a claim's nor an identifier's, and every claim or
// identifier that does not say what the record says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Claim } from "#home/run-record.ts";
import { resolvePattern } from "#standards/facts.ts";
import type { DocumentInput } from "#standards/input.ts";
import { MAPPINGS } from "#standards/mappings.ts";

const DIGIT = /[\d\u00B2\u00B3\u00B9\u2070-\u2079]/;

interface Walk {
  input: DocumentInput;
  claims: ReadonlyMap<string, Claim>;
  problems: string[];
}

/** @returns problems, none when all is well */
export function walkDocuments(documents: ReadonlyMap<string, Uint8Array>, input: DocumentInput): string[] {
  const claims = new Map(input.record.claims.map((claim) => [claim.id, claim]));
  return [...documents].flatMap(([name, bytes]) => {
    const walk: Walk = { input, claims, problems: [] };
    const text = new TextDecoder().decode(bytes);
    if (name.endsWith(".html")) walkHtml(text, walk);
    else if (name.endsWith(".cdx.json")) walkAttestations(JSON.parse(text), walk);
    else walkJson(JSON.parse(text), "", walk);
    return walk.problems.map((problem) => `${name}: ${problem}`);
  });
}

function walkJson(value: unknown, at: string, walk: Walk): void {
  if (typeof value === "number") return void walk.problems.push(`${at}: the number ${value} has no claim`);
  if (typeof value === "string") {
    if (DIGIT.test(value)) walk.problems.push(`${at}: a digit in ${JSON.stringify(value)}`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if ("claim" in value) return checkFigure(value, at, walk);
  if ("identifier" in value) return checkIdentifier(value as IdentifierLike, at, walk);
  for (const [key, member] of Object.entries(value)) {
    if (DIGIT.test(key) && !Array.isArray(value)) walk.problems.push(`${at}: a digit in the name ${key}`);
    walkJson(member, `${at}/${key}`, walk);
  }
}

function checkFigure(figure: object, at: string, { claims, problems }: Walk): void {
  const members = figure as Record<string, unknown>;
  const claim = claims.get(String(members["claim"]));
  if (claim === undefined) return void problems.push(`${at}: no claim ${String(members["claim"])}`);
  const known = new Set(["statement", "value", "unit", "status", "limit"]);
  for (const [key, value] of Object.entries(members)) {
    if (key === "claim") continue;
    if (!known.has(key)) problems.push(`${at}: ${key} is not of the claim`);
    else if (claim[key as keyof Claim] !== value) problems.push(`${at}: ${key} differs from ${claim.id}`);
  }
}

interface IdentifierLike {
  identifier: unknown;
  source: unknown;
}

function checkIdentifier({ identifier, source }: IdentifierLike, at: string, walk: Walk): void {
  if (typeof identifier !== "string" || typeof source !== "string")
    return void walk.problems.push(`${at}: an identifier and its source are texts`);
  if (!stands(identifier, source, walk.input))
    walk.problems.push(`${at}: ${identifier} does not stand at ${source}`);
}

/** Whether a text stands where its source says. */
function stands(text: string, source: string, input: DocumentInput): boolean {
  const { record, audit, deviations, signatures, journal, derivations } = input;
  const [place = "", pointer = ""] = source.split(/#(.*)/s);
  const has = (document: unknown, path: string) =>
    resolvePattern(document, path).some(({ value }) => {
      const texts = Array.isArray(value) ? value.map(String) : [String(value)];
      return texts.includes(text) || texts.join("\n") === text || texts.some((each) => asDate(each) === text);
    });
  if (place === "run.json") return has(record, pointer.replace(/^\/\//, "/"));
  if (place === "record-problem") return text === input.recordProblem;
  if (place === "audit") return has(audit, pointer);
  if (place === "signatures") return has(signatures, pointer);
  if (place === "deviations") {
    const [id, ...path] = pointer.split("/");
    return has(
      deviations.find((deviation) => deviation.id === id),
      `/${path.join("/")}`,
    );
  }
  if (place === "journal.ndjson") {
    const [sequence, member] = pointer.split("/");
    return has(
      journal.find((entry) => String(entry.sequence) === sequence),
      `/${member}`,
    );
  }
  if (place.startsWith("mapping:")) {
    const mapping = Object.values(MAPPINGS).find(({ edition }) => `mapping:${edition}` === place);
    return JSON.stringify(mapping).includes(JSON.stringify(text));
  }
  const derivation = derivations.find(({ drvPath }) => drvPath === place);
  if (derivation === undefined) return false;
  if (!pointer.startsWith("/params")) return has(derivation, pointer.replace("/inputSrcs", "/sources"));
  const at = pointer.slice("/params".length);
  return derivation.parameters.some(
    (each) =>
      each.pointer === at &&
      (String(each.value) === text || text === at || text === `${derivation.stage} ${at.slice(1)}`),
  );
}

function asDate(text: string): string | undefined {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? text.slice(0, 19).replace("T", " ") + " UTC" : undefined;
}

/** What stands in the document by the format's own rules is checked against what it must say. */
function walkAttestations(bom: Bom, walk: Walk): void {
  const { record } = walk.input;
  const { problems } = walk;
  const same = (what: string, is: unknown, wanted: unknown) => {
    if (JSON.stringify(is) !== JSON.stringify(wanted)) problems.push(`${what}: ${JSON.stringify(is)}`);
  };
  const {
    bomFormat,
    specVersion,
    version,
    serialNumber: _,
    metadata,
    definitions,
    declarations,
    ...more
  } = bom;
  same("format", [bomFormat, specVersion, version], ["CycloneDX", "1.7", 1]);
  same("more members", more, {});
  same("time", metadata.timestamp, record.finishedAt);
  same("subject", metadata.component.version, record.runId);
  same("tool", metadata.tools.components[0]?.version, record.host.pipelite);
  const mappings = Object.values(MAPPINGS);
  for (const standard of definitions.standards) {
    const mapping = mappings.find(({ name }) => name === standard.name);
    same(
      "clauses",
      standard.requirements.map((each) => [each.identifier, each.text]),
      mapping?.clauses.map(({ clause, title }) => [clause, title]),
    );
  }
  for (const stated of declarations.claims) {
    const claim = walk.claims.get(stated["bom-ref"].replace(/^claim:/, ""));
    same("claim", [stated.predicate, stated.reasoning], [claim?.statement, claim?.formula]);
  }
  for (const shown of declarations.evidence) {
    const claim = walk.claims.get(shown.propertyName);
    same("created", shown.created, record.finishedAt);
    const [first, ...places] = shown.data;
    checkFigure(JSON.parse(first?.contents.attachment?.content ?? "{}") as object, shown.propertyName, walk);
    same(
      "places",
      places.map(({ name }) => name),
      claim?.evidence,
    );
    same(
      "links",
      places.map(({ contents }) => decodeURI(contents.url ?? "")),
      claim?.evidence,
    );
  }
  for (const { summary, map } of declarations.attestations) {
    walkJson(summary, "summary", walk);
    for (const { conformance, claims = [], counterClaims = [] } of map) {
      walkJson(conformance, "conformance", walk);
      for (const ref of [...claims, ...counterClaims]) {
        if (!walk.claims.has(ref.replace(/^claim:/, ""))) problems.push(`no claim ${ref}`);
      }
    }
  }
}

interface Bom {
  bomFormat: string;
  specVersion: string;
  version: number;
  serialNumber: string;
  metadata: {
    timestamp: string;
    tools: { components: { version: string }[] };
    component: { version: string };
  };
  definitions: { standards: { name: string; requirements: { identifier: string; text: string }[] }[] };
  declarations: {
    claims: { "bom-ref": string; predicate: string; reasoning: string }[];
    evidence: {
      propertyName: string;
      created: string;
      data: { name: string; contents: { url?: string; attachment?: { content: string } } }[];
    }[];
    attestations: {
      summary: string;
      map: { claims?: string[]; counterClaims?: string[]; conformance: object }[];
    }[];
  };
}

interface Element {
  name: string;
  attributes: ReadonlyMap<string, string>;
  text: string;
}

const VOID = new Set(["meta", "br", "hr", "col", "link", "img"]);
/** Names whose marks hold digits of no run: a command to type, a pattern of ids. */
const FREE = new Set(["command", "pattern", "run.json#/claims"]);

function walkHtml(html: string, walk: Walk): void {
  const open: Element[] = [];
  for (const token of html.matchAll(/<!doctype html>|<(\/?)([a-z][\w-]*)((?:\s[^>]*)?)>|([^<]+)/g)) {
    const [, slash, name, attributes = "", text] = token;
    if (text !== undefined) {
      if (open.at(-1)?.name === "style" || !DIGIT.test(text)) continue;
      checkText(unescape(text), open, walk);
      continue;
    }
    if (name === undefined) continue;
    if (slash === "/") {
      const last = open.pop();
      if (last?.name !== name) walk.problems.push(`</${name}> closes <${last?.name}>`);
    } else if (!VOID.has(name) && !attributes.endsWith("/")) {
      open.push({ name, attributes: attributesOf(attributes), text: "" });
    }
  }
  if (open.length > 0) walk.problems.push(`<${open.at(-1)?.name}> is never closed`);
  for (const claim of html.matchAll(/data-(?:claim|scale|chart)="([^"]*)"/g)) {
    if (!walk.claims.has(unescape(claim[1] ?? ""))) walk.problems.push(`no claim ${claim[1]}`);
  }
}

function attributesOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, unescape(value)]),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

function checkText(text: string, open: readonly Element[], walk: Walk): void {
  const marked = open.findLast(({ attributes }) =>
    ["data-claim", "data-identifier", "data-scale", "data-chart"].some((key) => attributes.has(key)),
  );
  if (marked === undefined)
    return void walk.problems.push(`a digit outside of claims and identifiers: ${JSON.stringify(text)}`);
  const { attributes } = marked;
  if (attributes.has("data-scale") || attributes.has("data-chart")) return;
  const source = attributes.get("data-identifier");
  if (source !== undefined) return checkMark(text, source, open, walk);
  const claim = walk.claims.get(attributes.get("data-claim") ?? "");
  const member = attributes.get("data-member") ?? "value";
  if (claim === undefined) return;
  if (!says(text, claim, member)) walk.problems.push(`${claim.id} ${member} is not ${JSON.stringify(text)}`);
}

function checkMark(text: string, source: string, open: readonly Element[], { input, problems }: Walk): void {
  if (FREE.has(source)) return;
  if (source === "evidence of the claim") {
    const chart = open.findLast(({ attributes }) => attributes.has("data-chart"));
    if (chart?.attributes.get("data-place") !== text) problems.push(`a chart of ${text}`);
    return;
  }
  const stage = /^log of (.*)$/.exec(source)?.[1];
  if (stage !== undefined) {
    const log = stripVTControlCharacters(input.logs.get(stage) ?? "");
    if (!log.includes(text)) problems.push(`the log of ${stage} does not say ${text.slice(0, 80)}`);
    return;
  }
  if (open.at(-1)?.name === "title") {
    if (!text.includes(input.record.runId)) problems.push("the title is of another run");
    return;
  }
  const name = `${source} ${text}`;
  const isName = open.at(-1)?.name === "code" && input.record.stages.some((each) => each.name === text);
  if (!isName && !stands(text, source, input)) problems.push(`${text} does not stand at its place (${name})`);
}

const FACTORS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Whether a text is the member of the claim, as a value may be written for people. */
function says(text: string, claim: Claim, member: string): boolean {
  if (member === "evidence") return claim.evidence.includes(text);
  const value = claim[member as keyof Claim];
  if (typeof value !== "number")
    return [String(value), asDate(String(value)), `${String(value)}\u00A0${claim.unit}`].includes(text);
  const plain = text
    .replaceAll("\u202F", "")
    .replaceAll("\u2212", "-")
    .replace(
      /\u00A0\u00D7\u00A010([\u207B\u2070-\u2079\u00B9\u00B2\u00B3]+)/,
      (_, power: string) => `e${asDigits(power)}`,
    );
  const [, digits = "", unit = ""] = /^(-?[\d.]+(?:e-?\d+)?)(?:\u00A0(.*))?$/s.exec(plain) ?? [];
  const isScaled = claim.unit === "ms" || claim.unit === "B";
  if (unit !== "" && !isScaled && unit !== claim.unit) return false;
  const shown = Number(digits) * (isScaled ? (FACTORS[unit] ?? Number.NaN) : 1);
  return Math.abs(shown - value) <= 0.006 * Math.abs(value);
}

function asDigits(power: string): string {
  const signs = "\u2070\u00B9\u00B2\u00B3\u2074\u2075\u2076\u2077\u2078\u2079";
  return power
    .split("")
    .map((sign) => (sign === "\u207B" ? "-" : String(signs.indexOf(sign))))
    .join("");
}

/** Words that no document may say of a run. */
export function forbiddenWords(documents: ReadonlyMap<string, Uint8Array>): string[] {
  return [...documents].flatMap(([name, bytes]) => {
    const found = /\b(certified|certification|compliant|compliance)\b/i.exec(new TextDecoder().decode(bytes));
    return found === null ? [] : [`${name}: ${found[0]}`];
  });
}

/** The documents of a result tree, by name. */
export function readDocuments(folder: string, names: Iterable<string>): Map<string, Buffer> {
  return new Map([...names].map((name) => [name, readFileSync(join(folder, name))]));
}
