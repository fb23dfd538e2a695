// Reads CycloneDX 1.6 and 1.7 back.
import { isObject, type Members } from "#base/strict-json.ts";
import { TIME_IS_FIXED } from "./bom.ts";
import { pipeliteError } from "./errors.ts";
import { add, known, listOf, membersOf, onlyOne, nonEmptyText } from "./read-parts.ts";
import type { ReadBom, ReadComponent } from "./read-parts.ts";

/** An image has packages, and those files. */
const DEPTH_MAX = 100;

/** @throws PipeliteError SBOM_UNREADABLE */
export function readCycloneDx(document: Members): ReadBom {
  const metadata = membersOf(document["metadata"]);
  const [components, contents] = [[] as ReadComponent[], new Map<string, string[]>()];
  const visit = (value: unknown, depth: number): string => {
    if (depth > DEPTH_MAX)
      throw pipeliteError("SBOM_UNREADABLE", { problem: `components are in each other, ${DEPTH_MAX} deep` });
    const read = cycloneDxComponent(membersOf(value));
    components.push(read);
    const inner = listOf(membersOf(value)["components"]).map((each) => visit(each, depth + 1));
    if (inner.length > 0) add(contents, read.ref, inner);
    return read.ref;
  };
  const main = metadata["component"];
  for (const list of [document["components"], document["services"], membersOf(main)["components"]])
    for (const each of listOf(list)) visit(each, 1);
  const dependencies = new Map<string, string[]>();
  for (const each of listOf(document["dependencies"]).map(membersOf))
    add(dependencies, nonEmptyText(each["ref"]) ?? "", listOf(each["dependsOn"]).map(String));
  const [author] = listOf(metadata["authors"]).map((each) => nonEmptyText(membersOf(each)["name"]));
  const [tool] = listOf(membersOf(metadata["tools"])["components"]).map(membersOf);
  const [phase] = listOf(metadata["lifecycles"]).map((each) => nonEmptyText(membersOf(each)["phase"]));
  return {
    format: `CycloneDX ${nonEmptyText(document["specVersion"]) ?? ""}`,
    main: isObject(main) ? cycloneDxComponent(main) : undefined,
    components,
    dependencies,
    contents,
    ...known({
      author,
      tool: nonEmptyText(tool?.["name"]),
      phase,
      time: nonEmptyText(metadata["timestamp"]),
    }),
    isTimeFixed: propertyOf(metadata, "pipelite:time") === TIME_IS_FIXED,
  };
}

function cycloneDxComponent(value: Members): ReadComponent {
  const hashes = listOf(value["hashes"]).map(membersOf);
  const [licence] = listOf(value["licenses"]).map(membersOf);
  const size = propertyOf(value, "nix:nar_size");
  return {
    ref: nonEmptyText(value["bom-ref"]) ?? "",
    identifiers: [value["purl"], value["cpe"]].flatMap((each) => nonEmptyText(each) ?? []),
    ...known({
      path: propertyOf(value, "nix:output_path"),
      name: nonEmptyText(value["name"]),
      version: nonEmptyText(value["version"]),
      supplier: nonEmptyText(membersOf(value["supplier"])["name"]),
      hash: nonEmptyText(onlyOne(hashes, ({ alg }) => alg === "SHA-256")["content"]),
      narSize: size === undefined ? undefined : Number(size),
      licence:
        licence &&
        (nonEmptyText(licence["expression"]) ?? nonEmptyText(membersOf(licence["license"])["name"])),
    }),
  };
}

function propertyOf(value: Members, name: string): string | undefined {
  const found = listOf(value["properties"])
    .map(membersOf)
    .filter((each) => each["name"] === name);
  return found.length === 1 ? nonEmptyText(found[0]?.["value"]) : undefined;
}
