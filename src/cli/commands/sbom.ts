// `pipelite sbom`: what the results of a run are made of, as CycloneDX or SPDX.
import type { SbomDocument } from "#app/sbom.ts";
import { command, toggle, usualChoice, value, values } from "#cli/command.ts";
import { columnsOf, paintOf, pathOf, print, printDocument, printJson, say } from "#cli/context.ts";
import { epochOf, secondsOf } from "#cli/epoch.ts";
import { pipeliteError } from "#cli/errors.ts";
import { attestFlags, runArgument } from "#cli/flags.ts";
import { signerOf } from "#cli/signing-key.ts";
import { openHomeOf, runNamedBy } from "#cli/run-argument.ts";
import { formatTable } from "#cli/table.ts";

const FORMATS = ["cyclonedx", "cyclonedx-1.6", "spdx", "spdx3"] as const;

export const sbom = command({
  brief: "Print what the results of a run are made of, as CycloneDX or SPDX",
  about: [
    "Each path of the closure is a component with the hash of its NAR; packages that its metadata names are in it, with licence and " +
      "supplier; the graph is that of the store; CycloneDX has the pipeline as its formulation. What is not known is left out, or " +
      "NOASSERTION, and counted.",
    "The bytes follow from what is listed: two homes with the same run give the same document. Its time is SOURCE_DATE_EPOCH, where that " +
      "is set, or a fixed one; --time says another.",
  ],
  examples: [
    ["pipelite sbom > sbom.cdx.json", "the results of the latest run and what they need, CycloneDX 1.7"],
    ["pipelite sbom --closure build --format spdx", "with all that they were built from, SPDX 2.3"],
    [
      'pipelite sbom --closure both --format cyclonedx --format spdx3 --supplier "Example Ltd" --time run --out sboms',
      "four files, and which minimum elements they have",
    ],
    ["pipelite sbom --sign --out attestations", "signed by the key of this home, for `verify --trust`"],
  ],
  flags: {
    format: values("FORMAT", `One of ${FORMATS.join(", ")}; may be repeated (default: cyclonedx)`, {
      parse: parseFormat,
    }),
    closure: usualChoice(
      "KIND",
      ["runtime", "build", "both"],
      "What results need, or all that they were built from",
      "runtime",
    ),
    supplier: value("NAME", "Who supplies what the pipeline makes, and speaks for the document"),
    time: value("TIME", "Time of the document: `run` for the end of the run, or seconds since the epoch", {
      parse: parseTime,
    }),
    out: value("FOLDER", "Write the documents into this folder"),
    sign: toggle("Sign each of them, too, as a bundle beside it: an in-toto statement over the results"),
    ...attestFlags,
    key: { ...attestFlags.key, alias: "k" },
  },
  args: [runArgument],
  async run(context, flags, word) {
    const app = await import("#app/sbom.ts");
    const formats = flags.format.length === 0 ? (["cyclonedx"] as const) : [...new Set(flags.format)];
    const closures = flags.closure === "both" ? (["runtime", "build"] as const) : [flags.closure];
    if (flags.out === undefined && !flags.json && formats.length * closures.length > 1)
      throw pipeliteError("ARGUMENT_MISSING", {
        name: "--out",
        suggestion: "Several documents need a folder",
      });
    const { out, sign } = flags;
    if (sign && out === undefined)
      throw pipeliteError("ARGUMENT_MISSING", { name: "--out", suggestion: "Bundles need a folder" });
    const signer = await signerOf(context, flags, sign ? undefined : "--sign");
    const { runId, documents } = await app.sbom({
      home: openHomeOf(context, flags),
      which: runNamedBy(context, word),
      closures,
      formats,
      time: flags.time ?? epochOf(context),
      supplier: flags.supplier,
      out: out === undefined ? undefined : pathOf(context, out),
      signer: sign ? signer : undefined,
      signal: context.interruption(),
    });
    if (flags.json) {
      const shown = documents.map(({ text, ...each }) => ({
        ...each,
        document: JSON.parse(text) as unknown,
      }));
      return printJson(context, { runId, documents: shown });
    }
    const [first] = documents;
    if (out === undefined && first !== undefined) {
      printDocument(context, first.text.trimEnd());
      const missing = first.minimum.filter(({ status }) => status !== "met").map(({ element }) => element);
      const met = first.minimum.length - missing.length;
      const rest = missing.length === 0 ? "" : `; not met: ${missing.join(", ")}`;
      return say(context, flags, `${met} of ${first.minimum.length} minimum elements are met${rest}`);
    }
    const columns = { columns: columnsOf(context) };
    const rows = documents.map(({ file = "", bundle, objects, packages, closure }) => [
      bundle === undefined ? file : `${file}, ${bundle}`,
      closure,
      `${objects}`,
      `${packages}`,
    ]);
    const paint = paintOf(context, flags);
    print(
      context,
      [
        `run ${runId}`,
        formatTable([["FILE", "CLOSURE", "PATHS", "PACKAGES"], ...rows], columns),
        ...tablesOf(documents).map(
          ([rowsOf, names]) => `${names.join(", ")}\n${formatTable(rowsOf, columns)}`,
        ),
        `${paint("written", "good")} to ${out}`,
      ].join("\n\n"),
    );
  },
});

/** Documents that have the same have one table. */
function tablesOf(documents: readonly SbomDocument[]): [rows: string[][], files: string[]][] {
  const tables = new Map<string, [string[][], string[]]>();
  for (const each of documents) {
    const rows = minimumRows(each);
    const [, files] = tables.getOrInsertComputed(JSON.stringify(rows), () => [rows, []]);
    files.push(each.file ?? each.format);
  }
  return [...tables.values()];
}

function minimumRows({ minimum }: SbomDocument): string[][] {
  return [
    ["MINIMUM ELEMENT", "STATUS", "HAVE IT", "ASKED BY"],
    ...minimum.map(({ element, status, has, of, detail = "", asked }) => [
      element,
      status,
      of === undefined ? detail : `${has} of ${of}`,
      asked.join(", "),
    ]),
  ];
}

function parseFormat(text: string): (typeof FORMATS)[number] {
  const found = FORMATS.find((each) => each === text);
  if (found !== undefined) return found;
  throw pipeliteError("ARGUMENT_INVALID", {
    value: text,
    name: "--format",
    problem: `it must be one of ${FORMATS.join(", ")}`,
  });
}

function parseTime(text: string): number | "run" {
  return text === "run" ? text : secondsOf(text, "--time");
}
