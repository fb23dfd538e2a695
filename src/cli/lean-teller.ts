// What `lean check` prints: theorems as they are judged, for people or as NDJSON, then the verdict.
import { shownJson } from "#base/shown-json.ts";
import { STANDARD_AXIOMS } from "#app/lean-check.ts";
import type { Report, TheoremReport } from "#lean/index.ts";
import { leanJsonAxiom, leanJsonEnd, leanJsonStart, leanJsonTheorem } from "#view/lean-json.ts";
import { leanReportLines, leanTheoremLines, type LeanViewOptions } from "#view/lean.ts";
import { createPaint, renderLine, wantsColor, type Line } from "#view/paint.ts";
import { print, type Context, type GlobalFlags } from "./context.ts";

interface TellerFlags extends GlobalFlags {
  readonly allowAxiom: readonly string[];
  readonly print: readonly string[];
  readonly axioms: boolean;
}

export interface LeanTeller {
  /** Whether the statement of the theorem or axiom of that name is to be printed. */
  readonly isWanted: (name: string) => boolean;
  readonly tell: (theorem: TheoremReport) => void;
  /** @returns names that are to be printed and are no theorem or axiom of the export */
  readonly end: (report: Report) => { readonly missing: readonly string[] };
}

export function createTeller(context: Context, flags: TellerFlags, file: string): LeanTeller {
  const wanted = new Set(flags.print);
  const found = new Set<string>();
  const voice = flags.json ? speakJson(context, flags, file) : speakText(context, flags);
  return {
    isWanted: (name) => {
      if (!wanted.has(name)) return false;
      found.add(name);
      return true;
    },
    tell: voice.tell,
    end: (report) => {
      const missing = [...wanted].filter((name) => !found.has(name));
      voice.end(report, missing);
      return { missing };
    },
  };
}

interface Voice {
  readonly tell: (theorem: TheoremReport) => void;
  readonly end: (report: Report, missing: readonly string[]) => void;
}

function speakJson(context: Context, { allowAxiom }: TellerFlags, file: string): Voice {
  const writer = createWriter(context);
  const put = (each: object): void => writer.put(`${shownJson(each)}\n`);
  put(leanJsonStart(file, [...new Set([...STANDARD_AXIOMS, ...allowAxiom])]));
  return {
    tell: (theorem) => put(leanJsonTheorem(theorem)),
    end: (report, missing) => {
      for (const axiom of report.axioms) put(leanJsonAxiom(axiom));
      put(leanJsonEnd(report, missing));
      writer.flush();
    },
  };
}

function speakText(context: Context, flags: TellerFlags): Voice {
  const writer = createWriter(context);
  const { stdout } = context;
  const paint = createPaint(wantsColor(flags.color, stdout));
  const columns = stdout.isTTY === true ? stdout.columns || 80 : undefined;
  const { quiet, verbose, axioms, allowAxiom } = flags;
  const options: LeanViewOptions = { columns, quiet, verbose, axioms, allowAxioms: allowAxiom };
  const put = (lines: readonly Line[]): void => {
    for (const line of lines) writer.put(`${renderLine(line, paint)}\n`);
  };
  return {
    tell: (theorem) => put(leanTheoremLines(theorem, options)),
    end: (report, missing) => {
      put(leanReportLines(report, { ...options, missing }));
      writer.flush();
    },
  };
}

const PENDING_MAX = 1 << 18;

/** Writes in pieces: a library has too many theorems for one text, and one write for each would be slow. */
function createWriter(context: Context): { put: (text: string) => void; flush: () => void } {
  let pending: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (length > 0) print(context, pending.join(""));
    pending = [];
    length = 0;
  };
  const put = (text: string): void => {
    pending.push(text);
    length += text.length;
    if (length > PENDING_MAX) flush();
  };
  return { put, flush };
}
