// `pipelite lean check`: checks an exported development with our kernel and tells what holds.
import { EXIT } from "#base/errors.ts";
import { argument, command, toggle, usualValue, value, values } from "#cli/command.ts";
import { pathOf, type Context, type ExitCode } from "#cli/context.ts";
import { parseCount, parseSpan } from "#cli/flags.ts";
import type { Report } from "#lean/index.ts";
import { wantsColor } from "#view/paint.ts";

const EXITS: Readonly<Record<Report["status"], ExitCode>> = {
  accepted: EXIT.ok,
  rejected: EXIT.verification,
  malformed: EXIT.usage,
  unavailable: EXIT.unavailable,
};

export const leanCheck = command({
  brief: "Check every declaration of an exported Lean 4 development",
  about: [
    "Type-checks every declaration of a file in the format 3.0 or 3.1 of lean4export with a kernel of our own. Lists " +
      "each theorem, on demand with its statement and its axioms; stops at the first declaration that breaks a rule.",
    "Allowed are the axioms of standard Lean: propext, Classical.choice and Quot.sound. A statement means what its " +
      "definitions say: read those, too.",
    "Ends with 0 when all of it is accepted; with 3 when a declaration is rejected; with 2 when the file is malformed, " +
      "can't be read or lacks a name of --print; with 4 when it gave up at a limit: nothing is said then.",
  ],
  examples: [
    ["pipelite lean check Proofs.ndjson", "all theorems and the verdict"],
    ["pipelite lean check Proofs.ndjson --print main --axioms", "what is proved, and on what it rests"],
    ["pipelite lean check Proofs.ndjson --allow-axiom my_axiom", "with an axiom taken for granted"],
    ["pipelite lean check Mathlib.ndjson --jobs 4 --memory 12G --quiet", "a large one"],
    ["pipelite lean check - --quiet", "from stdin; says only what is wrong"],
    ["pipelite lean check Proofs.ndjson --json", "for programs"],
  ],
  flags: {
    allowAxiom: values("NAME", "Let theorems rest on this axiom, too", { parse: parseName }),
    print: values("NAME", "Print the statement of this theorem or axiom", { parse: parseName }),
    axioms: toggle("List the axioms that each theorem rests on"),
    jobs: usualValue("N", "Judge declarations on so many threads", { parse: parseJobs, usual: "1" }),
    time: value("TIME", "Give up after this long: 90s, 15m, 2h", { parse: parseSpan }),
    work: value("COUNT", "Steps and expressions for one declaration (default: 2000000000)", {
      parse: parseCount,
    }),
    memory: value("SIZE", "Give up where more is needed: 512M, 4G (default: half of the machine's)", {
      parse: parseMemory,
    }),
  },
  args: [argument("FILE", "Written by lean4export; - is stdin")],
  async run(context, flags, file): Promise<ExitCode> {
    const { checkExport, openFile } = await import("#app/lean-check.ts");
    const { createLeanProgress } = await import("#view/lean-progress.ts");
    const { createTeller } = await import("#cli/lean-teller.ts");
    const { stderr } = context;
    const input = file === "-" ? inputOf(context) : openFile(pathOf(context, file), file);
    const teller = createTeller(context, flags, file);
    const progress = createLeanProgress(stderr, {
      isShown: stderr.isTTY === true && !flags.quiet,
      color: wantsColor(flags.color, stderr),
      totalBytes: input.sizeBytes,
      now: () => performance.now(),
    });
    let report: Report;
    try {
      report = await checkExport(input, {
        allowAxioms: flags.allowAxiom,
        statements: teller.isWanted,
        onTheorem: teller.tell,
        onRead: progress.read,
        onStart: progress.start,
        jobs: flags.jobs,
        timeMs: flags.time,
        workMax: flags.work,
        memoryMax: flags.memory,
      });
    } finally {
      progress.close();
    }
    const { missing } = teller.end(report);
    return report.status === "accepted" && missing.length > 0 ? EXIT.usage : EXITS[report.status];
  },
});

/** A name as Lean writes it. */
function parseName(text: string): string {
  if (text.trim() === "" || text !== text.trim()) throw new RangeError("it must be a name as Lean writes it");
  return text;
}

/** Threads share one numbering of expressions, in which each has its part. */
const JOBS_MAX = 12;

function parseJobs(text: string): number {
  const jobs = parseCount(text);
  if (jobs > JOBS_MAX) throw new RangeError(`it must be at most ${JOBS_MAX}`);
  return jobs;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["K", 2 ** 10],
  ["M", 2 ** 20],
  ["G", 2 ** 30],
]);

/** `512M`, `4G` -> bytes. */
function parseMemory(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([KMG])$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS.get(unit) ?? Number.NaN);
  if (!(bytes > 0)) throw new RangeError("it must be a size such as 512M or 4G");
  return bytes;
}

function inputOf({ stdin }: Context) {
  return { chunks: stdin as AsyncIterable<Uint8Array | string>, label: "stdin", sizeBytes: undefined };
}
