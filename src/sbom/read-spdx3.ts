// Reads the graph of SPDX 3.0.1 back.
import type { Members } from "#base/strict-json.ts";
import { TIME_IS_FIXED } from "./bom.ts";
import { add, known, listOf, membersOf, narSizeIn, onlyOne, nonEmptyText } from "./read-parts.ts";
import type { ReadBom, ReadComponent } from "./read-parts.ts";

export function readSpdx3(graph: readonly unknown[]): ReadBom {
  const elements = graph.map(membersOf);
  const byId = new Map(
    elements.map((each) => [nonEmptyText(each["spdxId"]) ?? nonEmptyText(each["@id"]) ?? "", each]),
  );
  const [dependencies, contents] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const licences = new Map<string, string>();
  for (const each of elements) {
    const [from, to] = [nonEmptyText(each["from"]) ?? "", listOf(each["to"]).map(String)];
    if (each["relationshipType"] === "dependsOn") add(dependencies, from, to);
    if (each["relationshipType"] === "contains") add(contents, from, to);
    if (each["relationshipType"] === "hasDeclaredLicense") {
      const expression = nonEmptyText(byId.get(to[0] ?? "")?.["simplelicensing_licenseExpression"]);
      if (expression !== undefined) licences.set(from, expression);
    }
  }
  const nameOf = (id: unknown) => nonEmptyText(byId.get(nonEmptyText(id) ?? "")?.["name"]);
  const packages = elements.filter(({ type }) =>
    ["software_Package", "software_File"].includes(String(type)),
  );
  const all = packages.map((each): ReadComponent => packageOf(each, nameOf, licences));
  for (const { ref, path } of all) if (path !== undefined) add(dependencies, ref, []);
  const sbom = elements.find(({ type }) => type === "software_Sbom") ?? {};
  const [root, other] = listOf(sbom["rootElement"]);
  const main = other === undefined ? all.find(({ ref }) => ref === root) : undefined;
  const creation = elements.find(({ type }) => type === "CreationInfo") ?? {};
  const authors = listOf(creation["createdBy"]).filter(
    (id) => byId.get(String(id))?.["type"] !== "SoftwareAgent",
  );
  return {
    format: "SPDX 3.0.1",
    main,
    components: all.filter((each) => each !== main),
    dependencies,
    contents,
    ...known({
      author: nameOf(authors[0]),
      tool: nameOf(listOf(creation["createdUsing"])[0]),
      time: nonEmptyText(creation["created"]),
      phase: nonEmptyText(listOf(sbom["software_sbomType"])[0]),
    }),
    isTimeFixed: creation["comment"] === TIME_IS_FIXED,
  };
}

function packageOf(
  value: Members,
  nameOf: (id: unknown) => string | undefined,
  licences: ReadonlyMap<string, string>,
): ReadComponent {
  const ref = nonEmptyText(value["spdxId"]) ?? "";
  const external = listOf(value["externalIdentifier"]).map(membersOf);
  const paths = external.filter((each) => each["externalIdentifierType"] === "other");
  const cpes = external.filter((each) => each["externalIdentifierType"] === "cpe23");
  const hashes = listOf(value["verifiedUsing"]).map(membersOf);
  return {
    ref,
    identifiers: [value["software_packageUrl"], cpes[0]?.["identifier"]].flatMap(
      (each) => nonEmptyText(each) ?? [],
    ),
    ...known({
      path: nonEmptyText(onlyOne(paths, () => true)["identifier"]),
      name: nonEmptyText(value["name"]),
      version: nonEmptyText(value["software_packageVersion"]),
      supplier: nameOf(value["suppliedBy"]),
      hash: nonEmptyText(onlyOne(hashes, ({ algorithm }) => algorithm === "sha256")["hashValue"]),
      narSize: narSizeIn(value["comment"]),
      licence: licences.get(ref),
    }),
  };
}
