// `pipelite lean check`: checks an exported development with our kernel and tells what holds.
import { EXIT } from "#base/errors.ts";
import { argument, command, values } from "#cli/command.ts";
import { pathOf, print, printJson, type Context, type ExitCode, type GlobalFlags } from "#cli/context.ts";
import type { Report } from "#lean/index.ts";
import { createPaint, renderLine, wantsColor } from "#view/paint.ts";

export const leanCheck = command({
  brief: "Check every declaration of an exported Lean 4 development",
  about: [
    "Type-checks every declaration of a file in the format 3.1 of lean4export with a kernel of our own. Lists each " +
      "theorem with its statement and the axioms it rests on; stops at the first declaration that breaks a rule.",
    "Allowed are the axioms of standard Lean: propext, Classical.choice and Quot.sound. A statement means what its " +
      "definitions say: read those, too.",
    "Ends with 0 when all of it is accepted; with 3 when a declaration is rejected, the file is malformed, or the " +
      "work takes more than is allowed (unavailable: nothing is said then); with 2 when the file can't be read.",
  ],
  examples: [
    ["pipelite lean check Proofs.ndjson", "all theorems, on what they rest, and the verdict"],
    ["pipelite lean check Proofs.ndjson --allow-axiom my_axiom", "with an axiom taken for granted"],
    ["pipelite lean check - --quiet", "from stdin; says only what is wrong"],
    ["pipelite lean check Proofs.ndjson --json", "for programs"],
  ],
  flags: {
    allowAxiom: values("NAME", "Let theorems rest on this axiom, too", { parse: parseAxiomName }),
  },
  args: [argument("FILE", "Written by lean4export; - is stdin")],
  async run(context, flags, file): Promise<ExitCode> {
    const { STANDARD_AXIOMS, checkExport, openFile } = await import("#app/lean-check.ts");
    const { createLeanProgress } = await import("#view/lean-progress.ts");
    const { stderr } = context;
    const input = file === "-" ? inputOf(context) : await openFile(pathOf(context, file), file);
    const progress = createLeanProgress(stderr, {
      isShown: stderr.isTTY === true && !flags.quiet,
      color: wantsColor(flags.color, stderr),
      totalBytes: input.sizeBytes,
      now: () => performance.now(),
    });
    const allowAxioms = flags.allowAxiom;
    let report: Report;
    try {
      report = await checkExport(input, { allowAxioms, onRead: progress.read, onStart: progress.start });
    } finally {
      progress.close();
    }
    const allowed = [...STANDARD_AXIOMS, ...allowAxioms];
    if (flags.json) printJson(context, documentOf(report, { file, allowed }));
    else await printReport(context, flags, report, allowAxioms);
    return report.status === "accepted" ? EXIT.ok : EXIT.verification;
  },
});

/** A name as Lean writes it. */
function parseAxiomName(text: string): string {
  if (text.trim() === "" || text !== text.trim()) throw new RangeError("it must be the name of an axiom");
  return text;
}

function inputOf({ stdin }: Context) {
  return { chunks: stdin as AsyncIterable<Uint8Array | string>, label: "stdin", sizeBytes: undefined };
}

/** What --json prints: the report, with null for what there is not. */
function documentOf(report: Report, { file, allowed }: { file: string; allowed: readonly string[] }) {
  const { status, meta, lines, counts, theorems, axioms, accelerated, problem } = report;
  return {
    file,
    status,
    problem: problem === undefined ? null : { ...problem, declaration: problem.declaration ?? null },
    allowedAxioms: [...new Set(allowed)],
    theorems,
    axioms,
    accelerated,
    counts,
    lines,
    meta: meta ?? null,
  };
}

async function printReport(
  context: Context,
  flags: GlobalFlags,
  report: Report,
  allowAxioms: readonly string[],
): Promise<void> {
  const { leanReportLines } = await import("#view/lean.ts");
  const { stdout } = context;
  const paint = createPaint(wantsColor(flags.color, stdout));
  const columns = stdout.isTTY === true ? stdout.columns || 80 : undefined;
  const { quiet, verbose } = flags;
  const lines = leanReportLines(report, { columns, quiet, verbose, allowAxioms });
  // In pieces: a library has more theorems than one text can hold.
  for (let at = 0; at < lines.length; at += 1000) {
    print(
      context,
      lines
        .slice(at, at + 1000)
        .map((line) => `${renderLine(line, paint)}\n`)
        .join(""),
    );
  }
}
