// The evidence: every claim with its formula and where it reads, and the commands by which anybody checks it with tools
// that are not ours.
import type { Claim } from "#home/run-record.ts";
import type { RunRecord } from "#home/run-record.ts";
import { claimsByName, identifier, type Claims } from "#standards/facts.ts";
import type { AuditView, DocumentInput } from "#standards/input.ts";
import { all, h } from "./markup.ts";
import type { Child, Html } from "./markup.ts";
import { CLAIMS_MAX, REST, STAGES_MAX } from "./report-limits.ts";
import { mark, statusWord, table } from "./report-parts.ts";
import type { ClaimLinks, ReportParts, Section } from "./report-parts.ts";

/** The claims that are listed, with their places. Where there are many, only those that something is asked of, or of the run. */
export function anchorsOf({ claims }: RunRecord): ClaimLinks {
  const isOfRun = ({ id }: Claim) => id.startsWith("run/") && /^run\/[a-z-]+$/.test(id);
  const listed =
    claims.length <= CLAIMS_MAX ? claims : claims.filter((claim) => claim.kind === "check" || isOfRun(claim));
  return new Map(listed.map(({ id }, index) => [id, `claim-${index}`]));
}

export function evidenceSection(input: DocumentInput, parts: ReportParts): Section {
  const { record, audit } = input;
  const claims = claimsByName(record);
  const anchors = anchorsOf(record);
  return {
    id: "evidence",
    title: "Evidence",
    lead: "Each line checks a part of this report with a tool of its own. Times and memory were measured once, by the run.",
    body: [
      commandsHtml(record),
      outputsTable(record, claims, parts),
      h("h3", { id: "claims" }, "Claims"),
      h(
        "p",
        {},
        "Every value in this report with the formula that gives it and the evidence that the formula reads: ",
        h("code", {}, "$n"),
        " in a formula is the n-th entry of its evidence. A value without a formula stands at its place as it is.",
      ),
      anchors.size < record.claims.length && h("p", { class: "quiet" }, REST),
      ...groupsOf(record, anchors).map((group) => groupHtml(group, { claims, parts, audit, anchors })),
    ],
  };
}

/** What is run, and what it shows. Paths are as in the folder of the result link. */
function commandsHtml({ runId, tree, stages }: RunRecord): Html {
  const home = '"${PIPELITE_HOME:-$HOME/.local/share/pipelite}"';
  const features = '--extra-experimental-features "nix-command ca-derivations"';
  const derivation = stages.find(({ graphDrvPath }) => graphDrvPath !== undefined)?.graphDrvPath;
  const commands: (readonly [string, string])[] = [
    [
      `pipelite audit ${runId}`,
      "recomputes every claim of this report from its evidence, in a process of its own",
    ],
    [`pipelite verify ${runId} --key PUBLIC_KEY`, "verifies each signature over the record of this run"],
    [
      "(cd result && sha256sum --check evidence/SHA256SUMS)",
      "compares every file of the result with its digest",
    ],
    [
      `nix-store --store ${home} --verify --check-contents`,
      "hashes every object of the store again, with real Nix",
    ],
  ];
  if (tree !== undefined) {
    const command = `nix-store --store ${home} --query --requisites ${tree}`;
    commands.push([command, "lists all that the result consists of"]);
  }
  if (derivation !== undefined) {
    const second = '"$PWD/second-store"';
    commands.push([
      `nix copy ${features} --derivation --no-check-sigs --from ${home} --to ${second} ${derivation}\n` +
        `nix-store ${features} --store ${second} --realise ${derivation}`,
      "builds a stage from nothing in an empty store, with real Nix, and prints the path that stands below",
    ]);
  }
  commands.push([
    "openssl dgst -sha256 -verify PUBLIC_KEY -signature SIGNATURE MESSAGE",
    "verifies a signature without any tool of ours; the documentation says how to take both files from a bundle",
  ]);
  return h(
    "dl",
    { class: "commands" },
    commands.map(([command, what]) =>
      h("div", {}, h("dt", {}, h("code", { "data-identifier": "command" }, command)), h("dd", {}, what)),
    ),
  );
}

function outputsTable({ stages, materials }: RunRecord, claims: Claims, { figure }: ReportParts): Html {
  const row = (name: string, path: string, prefix: string, [at, member]: [string, string]): Child[] => [
    mark(identifier(name, `run.json#${at}/name`)),
    all(
      mark(identifier(path, `run.json#${at}/${member}`), "code"),
      h("span", { class: "below hash" }, figure(claims.get(`${prefix}/nar-hash`))),
    ),
    figure(claims.get(`${prefix}/nar-size`)),
  ];
  const rows = [
    ...stages
      .slice(0, STAGES_MAX)
      .flatMap(({ name, outPath }, index) =>
        outPath === undefined ? [] : [row(name, outPath, name, [`/stages/${index}`, "outPath"])],
      ),
    ...materials
      .slice(0, STAGES_MAX)
      .map(({ name, path }, index) => row(name, path, `material/${name}`, [`/materials/${index}`, "path"])),
  ];
  const isWhole = stages.length <= STAGES_MAX && materials.length <= STAGES_MAX;
  const outputs = table(
    "Outputs and materials: store path, and hash of the archive as nix-store --query --hash prints it",
    [{ head: "Of", isHead: true }, { head: "Path and hash" }, { head: "Size", isNumber: true }],
    rows,
  );
  return all(outputs, !isWhole && h("p", { class: "quiet" }, REST));
}

interface Group {
  name: string;
  claims: Claim[];
}

function groupsOf({ claims }: RunRecord, anchors: ClaimLinks): Group[] {
  const nameOf = ({ id }: Claim) => (id.startsWith("material/") ? "materials" : (id.split("/")[0] ?? ""));
  const groups = Map.groupBy(
    claims.filter(({ id }) => anchors.has(id)),
    nameOf,
  );
  return [...groups].map(([name, members]) => ({ name, claims: members }));
}

interface GroupOptions {
  claims: Claims;
  parts: ReportParts;
  audit: AuditView | undefined;
  anchors: ClaimLinks;
}

function groupHtml({ name, claims }: Group, { audit, anchors, parts }: GroupOptions): Html {
  const audited = new Map(audit?.claims.map((each) => [each.id, each.status]));
  const rows = claims.map((claim): Child[] => [
    all(
      h("code", { id: anchors.get(claim.id), "data-claim": claim.id, "data-member": "id" }, claim.id),
      h("span", { class: "below", "data-claim": claim.id, "data-member": "statement" }, claim.statement),
    ),
    all(
      parts.figure(claim),
      claim.source !== undefined &&
        h("span", { class: "below", "data-claim": claim.id, "data-member": "source" }, claim.source),
    ),
    all(
      statusWord(claim.status),
      audited.has(claim.id) && h("span", { class: "below" }, statusWord(audited.get(claim.id) ?? "")),
    ),
    originHtml(claim),
  ]);
  return h(
    "details",
    { class: "group" },
    h("summary", {}, "Claims of ", h("span", { "data-identifier": "run.json#/claims" }, name)),
    table(
      `Claims of ${name}`,
      [
        { head: "Claim", isHead: true, class: "claim" },
        { head: "Value", class: "value" },
        { head: audit === undefined ? "Status" : "Status, audit", class: "state" },
        { head: "Formula and evidence", class: "wide" },
      ],
      rows,
    ),
  );
}

/** The formula, and the places it reads; a claim that is read as it stands has its place alone. */
function originHtml({ id, formula, evidence }: Claim): Html {
  const place = (text: string) => h("code", { "data-claim": id, "data-member": "evidence" }, text);
  const [only] = evidence;
  if (formula === "$1" && only !== undefined) return all(place(only));
  return all(
    h("code", { class: "formula", "data-claim": id, "data-member": "formula" }, formula),
    h(
      "ol",
      { class: "places" },
      evidence.map((each) => h("li", {}, place(each))),
    ),
  );
}
