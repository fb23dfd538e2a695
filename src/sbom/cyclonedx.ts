// CycloneDX 1.7 and 1.6 (https://cyclonedx.org/docs/1.7/json/): objects are components, packages in them components of these,
// the graph is that of the store, and the pipeline is the `formulation`.
import { own } from "#base/own.ts";
import { documentJson } from "#base/canonical-json.ts";
import { baseOf, HASHES_ARE, keyed, TIME_IS_FIXED } from "./bom.ts";
import type { Bom, BomObject, BomPath, BomStage, Licence, BomPackage, Party } from "./bom.ts";
import { purlOfPipeline } from "./purl.ts";

export function writeCycloneDx(bom: Bom, specVersion: "1.6" | "1.7"): string {
  const { closure, id, otherId, objects, roots, supplier } = bom;
  const other = closure === "runtime" ? "build" : "runtime";
  const pipeline = refOfPipeline(bom);
  return documentJson({
    $schema: `http://cyclonedx.org/schema/bom-${specVersion}.schema.json`,
    bomFormat: "CycloneDX",
    specVersion,
    serialNumber: `urn:uuid:${id}`,
    version: 1,
    metadata: {
      timestamp: bom.time,
      lifecycles: [{ phase: "build" }],
      tools: { components: [{ type: "application", name: "pipelite", version: bom.tool }] },
      ...(supplier && { authors: [{ name: supplier.name }], supplier: entityOf(supplier) }),
      component: {
        type: "application",
        "bom-ref": pipeline,
        name: bom.pipeline,
        version: bom.version,
        purl: purlOfPipeline(bom),
        ...(supplier && { supplier: entityOf(supplier) }),
      },
      licenses: [{ expression: "CC0-1.0" }],
      properties: propertiesOf({
        "pipelite:closure": closure,
        "pipelite:hashes": HASHES_ARE,
        ...(!bom.isTimeKnown && { "pipelite:time": TIME_IS_FIXED }),
      }),
    },
    ...(otherId !== undefined && {
      externalReferences: [
        { type: "bom", url: `urn:cdx:${otherId}/1`, comment: `the ${other} closure of the same run` },
      ],
    }),
    components: objects.map(componentOf),
    dependencies: [
      { ref: pipeline, dependsOn: roots.map(baseOf) },
      ...objects.map(({ path, references }) => ({ ref: baseOf(path), dependsOn: references.map(baseOf) })),
    ],
    compositions: [
      // The store has all that each of these refers to; what their makers put into them it can't know.
      { aggregate: "complete", dependencies: [pipeline, ...objects.map(({ path }) => baseOf(path))] },
      { aggregate: "unknown", assemblies: objects.map(({ path }) => baseOf(path)) },
    ],
    formulation: [formulaOf(bom)],
  });
}

function refOfPipeline({ pipeline }: Bom): string {
  return `pipeline:${pipeline}`;
}

function componentOf(object: BomObject): object {
  const { path, narHash, narSize, type, contains } = object;
  const ref = baseOf(path);
  const inside = keyed(contains).map(([key, facts]) => ({
    type: "library",
    "bom-ref": `${ref}/${key}`,
    ...membersOf(facts),
  }));
  return {
    type,
    "bom-ref": ref,
    ...membersOf(object),
    hashes: [{ alg: "SHA-256", content: narHash }],
    ...(inside.length > 0 && { components: inside }),
    properties: propertiesOf({ "nix:nar_size": String(narSize), "nix:output_path": path }),
  };
}

function membersOf({ name, version, purl, cpe, licence, supplier, vcs }: BomPackage): object {
  return {
    name,
    ...(version !== undefined && { version }),
    ...(purl !== undefined && { purl }),
    ...(cpe !== undefined && { cpe }),
    ...(licence && { licenses: [licenceOf(licence)] }),
    ...(supplier && { supplier: entityOf(supplier) }),
    ...(vcs !== undefined && { externalReferences: [{ type: "vcs", url: vcs }] }),
  };
}

/** What is one name and nothing else is a name; in an expression it is a reference, which says no more than the name. */
function licenceOf({ expression, refs }: Licence): object {
  const name = own(refs, expression);
  return name === undefined
    ? { expression, acknowledgement: "declared" }
    : { license: { name, acknowledgement: "declared" } };
}

function entityOf({ name, email, url }: Party): object {
  return {
    name,
    ...(url !== undefined && { url: [url] }),
    ...(email !== undefined && { contact: [{ email }] }),
  };
}

function propertiesOf(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function formulaOf(bom: Bom): object {
  const { pipeline, stages, params, objects, materials } = bom;
  const present = new Set(objects.map(({ path }) => path));
  const made = stages.flatMap(({ name, output }) => (output ? [[name, output] as const] : []));
  const places = new Map<string, BomPath>([...Object.entries(materials), ...made]);
  const taskOf = ({ name, kind, inputs, derivation, output }: BomStage): object => ({
    "bom-ref": `task:${name}`,
    uid: derivation ?? name,
    name,
    taskTypes: [own(TASK_TYPES, kind) ?? "other"],
    inputs: inputs.flatMap((input) => {
      const place = places.get(input);
      return place === undefined ? [] : [{ resource: { ref: baseOf(place.path) } }];
    }),
    ...(output && { outputs: [{ type: "artifact", resource: { ref: baseOf(output.path) } }] }),
    properties: propertiesOf({
      "pipelite:kind": kind,
      ...(derivation !== undefined && { "nix:drv_path": `/nix/store/${derivation}` }),
    }),
  });
  // What tasks read and make, and no closure of results has, exists while the pipeline runs.
  const passing = new Map<string, object>();
  for (const { path, narHash } of places.values()) {
    const [ref, hashes] = [baseOf(path), [{ alg: "SHA-256", content: narHash }]];
    if (!present.has(path)) passing.set(ref, { type: "file", "bom-ref": ref, name: ref, hashes });
  }
  const parameters = Object.entries(params).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
  const isStage = (name: string) => stages.some((stage) => stage.name === name);
  return {
    "bom-ref": `formula:${pipeline}`,
    ...(passing.size > 0 && { components: [...passing].toSorted(byFirst).map(([, component]) => component) }),
    workflows: [
      {
        "bom-ref": `workflow:${pipeline}`,
        uid: bom.version,
        name: pipeline,
        taskTypes: ["build"],
        ...(parameters.length > 0 && { inputs: [{ parameters }] }),
        tasks: stages.map(taskOf),
        taskDependencies: stages.map(({ name, inputs }) => ({
          ref: `task:${name}`,
          dependsOn: [...new Set(inputs)].filter(isStage).map((input) => `task:${input}`),
        })),
      },
    ],
  };
}

const TASK_TYPES: Readonly<Record<string, string>> = {
  stage: "build",
  command: "build",
  environment: "build",
  each: "merge",
  gate: "test",
  check: "test",
  fetch: "copy",
};

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
