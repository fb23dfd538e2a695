// Reads SPDX 2.3 back.
import type { Members } from "#base/strict-json.ts";
import { TIME_IS_FIXED } from "./bom.ts";
import { add, known, listOf, membersOf, narSizeIn, onlyOne, nonEmptyText } from "./read-parts.ts";
import type { ReadBom, ReadComponent } from "./read-parts.ts";

export function readSpdx2(document: Members): ReadBom {
  const [dependencies, contents] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const described: string[] = [];
  for (const each of listOf(document["relationships"]).map(membersOf)) {
    const [from, to] = [
      nonEmptyText(each["spdxElementId"]) ?? "",
      nonEmptyText(each["relatedSpdxElement"]) ?? "",
    ];
    if (each["relationshipType"] === "DEPENDS_ON") add(dependencies, from, [to]);
    if (each["relationshipType"] === "CONTAINS") add(contents, from, [to]);
    if (each["relationshipType"] === "DESCRIBES") described.push(to);
  }
  const parts = [...listOf(document["packages"]), ...listOf(document["files"])];
  const all = parts.map((each) => spdx2Package(membersOf(each)));
  const main = described.length === 1 ? all.find(({ ref }) => ref === described[0]) : undefined;
  // A package without a line of its own depends on nothing: the whole graph is there.
  for (const { ref, path } of all) if (path !== undefined) add(dependencies, ref, []);
  const creation = membersOf(document["creationInfo"]);
  const creators = listOf(creation["creators"]).map(String);
  const after = (start: RegExp) => creators.find((each) => start.test(each))?.replace(start, "");
  const comment = nonEmptyText(creation["comment"]) ?? "";
  return {
    format: "SPDX 2.3",
    main,
    components: all.filter((each) => each !== main),
    dependencies,
    contents,
    ...known({
      author: after(/^(Person|Organization): /),
      tool: after(/^Tool: /)?.replace(/-\d.*$/, ""),
      time: nonEmptyText(creation["created"]),
      phase: /SBOM type: (\w+)/.exec(comment)?.[1],
    }),
    isTimeFixed: comment.includes(TIME_IS_FIXED),
  };
}

function spdx2Package(value: Members): ReadComponent {
  const said = (name: string) => {
    const text = nonEmptyText(value[name]);
    return text === "NOASSERTION" || text === "NONE" ? undefined : text;
  };
  const checksums = listOf(value["checksums"]).map(membersOf);
  const external = listOf(value["externalRefs"]).map(membersOf);
  return {
    ref: nonEmptyText(value["SPDXID"]) ?? "",
    identifiers: external.flatMap((each) => nonEmptyText(each["referenceLocator"]) ?? []),
    ...known({
      path: nonEmptyText(value["packageFileName"]),
      name: nonEmptyText(value["name"]),
      version: nonEmptyText(value["versionInfo"]),
      supplier: said("supplier"),
      hash: nonEmptyText(onlyOne(checksums, ({ algorithm }) => algorithm === "SHA256")["checksumValue"]),
      narSize: narSizeIn(value["comment"]),
      licence: said("licenseDeclared"),
    }),
  };
}
