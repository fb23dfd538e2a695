// `pipelite pack`: packages of distributions, images and caches from a run.
import { command, requiredValue, toggle, usualChoice, value, values } from "#cli/command.ts";
import { columnsOf, paintOf, pathOf, print, printJson } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { epochOf } from "#cli/epoch.ts";
import { runArgument } from "#cli/flags.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { formatTable } from "#cli/table.ts";
import { formatSize } from "#base/quantities.ts";

const FORMATS = ["deb", "rpm", "apk", "oci", "docker", "nix"] as const;
type Format = (typeof FORMATS)[number];

export const pack = command({
  brief: "Make packages and images from the results of a run: deb, rpm, apk, OCI, Nix",
  about: [
    "What to pack is said by pipeline.ts: `export const hello = pack({ name, version, programs, ... })`. Each path of the closure becomes a " +
      "package of its own, which depends on what the path refers to, so that packages share them; a small one has the links in /usr/bin, " +
      "manual pages, completions, services and configuration. --single puts all of it into one package.",
    "oci is an image of containers, a folder with an OCI image layout, without a Dockerfile and with SBOM and provenance beside it " +
      "(`pipelite push` brings it into a registry); docker is the same image as a file for `docker load`. nix is a folder for `nix copy --from " +
      "file://` and a file for `nix-store --import`.",
    "The bytes follow from the run and the declaration: times are those of the declared date, or SOURCE_DATE_EPOCH. NAME.files.json " +
      "lists each file with its digest, which is the same in every format.",
  ],
  examples: [
    ["pipelite pack --format deb --out packages", "packages of Debian, of the latest run"],
    [
      "pipelite pack --format deb,rpm,apk --key team.key --out packages",
      "three formats, those of rpm and apk signed",
    ],
    ["pipelite pack --format oci,docker --attest --out images", "an image in both forms, signed"],
    ["pipelite pack --single --format deb --out packages", "one file that needs no others"],
  ],
  flags: {
    format: values("FORMATS", `Of ${FORMATS.join(", ")}, with commas or repeated`, { parse: parseFormats }),
    out: requiredValue("FOLDER", "Write the packages into this folder"),
    package: values("NAME", "Pack this one only, of those that pipeline.ts declares"),
    single: toggle("One package with the whole closure"),
    codec: usualChoice(
      "CODEC",
      ["usual", "gzip", "zstd"],
      "How files are packed, where the format has a choice",
      "usual",
    ),
    level: value("NUMBER", "How hard layers of images are packed (gzip 1-9, zstd 1-19)", {
      parse: parseLevel,
    }),
    layers: value("FILE", "Keep in this file which paths of an image share a layer"),
    attest: toggle(
      "Sign packages and images, and the outputs in them, by the key of this home; what is signed lies beside them",
    ),
    pathKey: value(
      "FILE",
      "Sign the paths of a Nix cache with this key: `pipelite key new --paths` makes one",
    ),
    key: value("FILE", "Sign packages of rpm and apk with this key: `pipelite key new --packages` makes one"),
  },
  args: [runArgument],
  async run(context, flags, word) {
    const app = await import("#app/pack.ts");
    const formats = [...new Set(flags.format.flat())];
    if (formats.length === 0)
      throw pipeliteError("ARGUMENT_MISSING", {
        name: "--format",
        suggestion: `Say which packages: --format ${FORMATS.join(",")}`,
      });
    const out = pathOf(context, flags.out);
    const made = await app.pack({
      home: openHomeOf(context, flags),
      which: runNamedBy(context, word),
      names: flags.package,
      formats,
      out,
      isSingle: flags.single,
      codec: flags.codec === "usual" ? undefined : flags.codec,
      epoch: epochOf(context),
      keyFile: flags.key && pathOf(context, flags.key),
      pathKeyFile: flags.pathKey && pathOf(context, flags.pathKey),
      level: flags.level,
      layersFile: flags.layers && pathOf(context, flags.layers),
      isAttested: flags.attest,
      signal: context.interruption(),
    });
    if (flags.json) return printJson(context, made);
    const rows = made.packages.map(({ file, bytes, sha256 }) => [
      file,
      formatSize(bytes),
      `sha256:${sha256}`,
    ]);
    const paint = paintOf(context, flags);
    const columns = { columns: columnsOf(context) };
    print(
      context,
      [
        `run ${made.runId}`,
        formatTable([["PACKAGE", "SIZE", "DIGEST"], ...rows], columns),
        `${paint("written", "good")} to ${flags.out}, with ${[...made.manifests, ...made.signatures].join(", ")}`,
      ].join("\n\n"),
    );
  },
});

function parseLevel(text: string): number {
  const level = Number(text);
  if (!/^\d{1,2}$/.test(text) || level < 1 || level > 19) throw new RangeError("it must be a level, 1 to 19");
  return level;
}

function parseFormats(text: string): Format[] {
  return text.split(",").map((each) => {
    const found = FORMATS.find((format) => format === each);
    if (found === undefined) throw new RangeError(`it must be of ${FORMATS.join(", ")}`);
    return found;
  });
}
