// The text of a flake that evaluates to derivations which are there already: it reads the .drv files beside it, writes each
// into the store as the text object that a derivation is, and so has the same paths, whatever is in them.
// Functions of Nix that it rests on (2.8 and newer): `toFile` makes the path of a text object from its name, its bytes and what
// it refers to, which is how Nix names derivations; `appendContext` says what a string refers to, and has a path that is not
// there fetched from the substituters.
import { documentJson } from "#base/canonical-json.ts";
import { storePathBase, type StorePath } from "#nix/store-path.ts";

/** A derivation, as the flake needs to know it. */
export interface FlakeDerivation {
  drvPath: StorePath;
  name: string;
  system: string;
  /** Derivations that it takes from, and paths that it reads. */
  inputDrvs: readonly StorePath[];
  inputSrcs: readonly StorePath[];
  /** Path of its output, or what stands for it. */
  out: string;
}

export interface FlakeContents {
  pipeline: string;
  system: string;
  /** Where bash, git and jq of the shells are from. */
  toolsFrom: "debian" | "machine";
  derivations: readonly FlakeDerivation[];
  /** Name -> derivation. */
  packages: Readonly<Record<string, StorePath>>;
  checks: Readonly<Record<string, StorePath>>;
  devShells: Readonly<Record<string, StorePath>>;
  /** Name -> the derivation in whose folder `bin` it is. */
  apps: Readonly<Record<string, StorePath>>;
  /** Caches that hold what it needs. */
  caches: readonly string[];
}

/** Files of the flake: name -> text. The .drv files stand beside them, in `drv`. */
export function writeFlake(contents: FlakeContents): Record<string, string> {
  const { derivations, packages, checks, devShells, apps, pipeline, system, toolsFrom, caches } = contents;
  const bases = (record: Readonly<Record<string, StorePath>>) =>
    Object.fromEntries(Object.entries(record).map(([name, path]) => [name, storePathBase(path)]));
  const listed = derivations
    .toSorted((a, b) => (a.drvPath < b.drvPath ? -1 : 1))
    .map(({ drvPath, inputDrvs, ...rest }) => [
      storePathBase(drvPath),
      { ...rest, inputDrvs: inputDrvs.map(storePathBase) },
    ]);
  const description = {
    system,
    toolsFrom,
    packages: bases(packages),
    checks: bases(checks),
    devShells: bases(devShells),
    apps: bases(apps),
    derivations: Object.fromEntries(listed) as Record<string, unknown>,
  };
  return {
    "flake.nix": flakeText(`The pipeline ${pipeline}${TOOLS_SAID[toolsFrom]}`, caches),
    "pipeline.json": documentJson(description),
  };
}

/** A string of Nix: what would end it or open an antiquotation is escaped. */
export function nixString(text: string): string {
  const escaped = text
    .replaceAll(/["\\]|\$(?=\{)/g, (found) => `\\${found}`)
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}

const TOOLS_SAID = {
  debian: "",
  machine: "; bash, git and jq of its shells are those of the machine that exported it",
};

function flakeText(description: string, caches: readonly string[]): string {
  const extra =
    caches.length === 0
      ? ""
      : `  nixConfig.extra-substituters = [ ${caches.map(nixString).join(" ")} ];
`;
  return `# Written by \`pipelite export-nix\`. pipeline.json says what there is; drv/ has the derivations themselves.
{
  description = ${nixString(description)};

  # \`nix develop\` would look for nixpkgs in the registry of the web.
  nixConfig.flake-registry = "/var/empty/no-registry";
${extra}
  outputs = { self }:
    let
      inherit (builtins)
        appendContext deepSeq fromJSON listToAttrs mapAttrs readFile substring stringLength toFile
        unsafeDiscardStringContext;

      pipeline = fromJSON (readFile ./pipeline.json);

      # A derivation is a text object of the store that refers to its inputs: Nix gives it the path that it had.
      load = base: { name, system, inputDrvs, inputSrcs, out }:
        let
          refersTo = path: { name = path; value = { path = true; }; };
          inputs = map (input: derivations.\${input}.written) inputDrvs ++ inputSrcs;
          text = appendContext (readFile (./drv + "/\${base}")) (listToAttrs (map refersTo (deepSeq inputs inputs)));
          written = unsafeDiscardStringContext (toFile (substring 33 (stringLength base) base) text);
          derivation = {
            inherit name system out outPath drvPath written;
            type = "derivation";
            outputs = [ "out" ];
            outputName = "out";
            all = [ derivation ];
          };
          drvPath = appendContext written { \${written} = { allOutputs = true; }; };
          outPath = appendContext out { \${written} = { outputs = [ "out" ]; }; };
        in
        if written == "/nix/store/\${base}" then derivation // { out = derivation; }
        else throw "drv/\${base} is not the derivation that it was: it comes to \${written}";

      derivations = mapAttrs load pipeline.derivations;
      named = mapAttrs (name: base: derivations.\${base});
    in
    {
      packages.\${pipeline.system} = named pipeline.packages;
      checks.\${pipeline.system} = named pipeline.checks;
      devShells.\${pipeline.system} = named pipeline.devShells;
      apps.\${pipeline.system} = mapAttrs
        (name: base: { type = "app"; program = "\${derivations.\${base}.outPath}/bin/\${name}"; })
        pipeline.apps;
    };
}
`;
}
