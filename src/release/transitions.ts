// Moves of a deviation as signed files: `deviations/<id>/<n>.sigstore.json`, each over the record of the run and over the
// file that opened the deviation, each naming the digest of the one before. docs/release.md describes the predicate.
import { visibleText } from "#base/escape.ts";
import { PipeliteError } from "#base/errors.ts";
import { digestOf } from "#base/digest.ts";
import type { Home } from "#home/home.ts";
import { sealNumberOf } from "#home/sealed.ts";
import type { ReadRun } from "#home/runs.ts";
import { parseBundle, verifyBundle, type PublicKey, type Statement } from "#sigstore/index.ts";
import type { DeviationState, Transition } from "./deviation.ts";
import type { JournalHead } from "./journal-head.ts";
import { requireMembers, optionalTextMember, requireTextMember } from "./members.ts";
import { displayProblem, saidProblem, sealedAt } from "./said.ts";
import { TRANSITION_TYPE } from "./predicates.ts";
import { checkMove, type AllowedMove } from "./states.ts";
import { pipeliteError } from "./errors.ts";

/** The file that says how a deviation was opened. */
export interface OpeningFile {
  file: string;
  /** `sha256:<hex>` */
  digest: string;
}

export interface TransitionStatement {
  run: ReadRun;
  deviation: string;
  opening: OpeningFile;
  move: AllowedMove;
  number: number;
  /** Digest of the bundle before, or of the opening. */
  previous: string;
  signer: { name: string; keyId: string };
  signedAt: string;
  journalHead: JournalHead;
}

export function transitionStatement({
  run,
  deviation,
  opening,
  move,
  ...rest
}: TransitionStatement): Statement {
  const { from, to, disposition, reason } = move;
  const { number, previous, signer, signedAt, journalHead } = rest;
  return {
    subject: [run, opening].map(({ file, digest }) => ({
      name: file,
      digest: { sha256: digest.slice("sha256:".length) },
    })),
    predicateType: TRANSITION_TYPE,
    predicate: {
      runId: run.runId,
      deviation,
      number,
      from,
      to,
      ...(disposition !== undefined && { disposition }),
      reason,
      previous,
      signer,
      signedAt,
      journalHead,
      displayedAs: sentenceOf(signer.name, move, signedAt),
    },
  };
}

/** A move in one line, as people are shown it. */
function sentenceOf(name: string, { from, to, disposition, reason }: AllowedMove, at: string): string {
  return `${name}, ${from} to ${to}${disposition === undefined ? "" : ` (${disposition})`}, ${at}: ${reason}`;
}

export interface ReadTransitions {
  home: Home;
  run: ReadRun;
  deviation: string;
  opening: OpeningFile;
  keys: readonly PublicKey[];
}

/**
 * The history of a deviation, each move checked: its signature, what it is over, its place in the chain, and that the
 * states allow it. A history that is not whole counts for nothing.
 * @throws PipeliteError DEVIATION_HISTORY_BROKEN
 */
export function readTransitions(sources: ReadTransitions): { history: Transition[]; last: string } {
  const { home, deviation, opening } = sources;
  const files = home.sealed.sealedIn(`deviations/${deviation}`);
  const history: Transition[] = [];
  let last = opening.digest;
  for (const file of files) {
    const { text, problem } = home.sealed.read(file);
    const broken = (why: string) =>
      pipeliteError("DEVIATION_HISTORY_BROKEN", { deviation, file, problem: why });
    if (problem !== undefined || text === undefined) throw broken(problem ?? "the file is gone");
    if (sealNumberOf(file) !== history.length + 1) throw broken("the moves before it are gone");
    const from = history.at(-1)?.to ?? "open";
    let checked: Transition | string;
    try {
      checked = checkTransition(sources, { text, file, from, previous: last });
    } catch (error) {
      if (!(error instanceof PipeliteError)) throw error;
      throw broken(error.message);
    }
    if (typeof checked === "string") throw broken(checked);
    history.push(checked);
    last = digestOf(text);
  }
  return { history, last };
}

interface Place {
  text: string;
  file: string;
  from: DeviationState;
  previous: string;
}

function checkTransition(
  { home, run, deviation, opening, keys }: ReadTransitions,
  { text, file, from, previous }: Place,
): Transition | string {
  const bundle = parseBundle(text);
  const { subject, predicateType, predicate } = verifyBundle(bundle, keys);
  if (predicateType !== TRANSITION_TYPE) return "it is not a move of a deviation";
  if (requireTextMember(predicate, "deviation") !== deviation) return "it is of another deviation";
  const digests = subject.map(({ digest }) => `sha256:${digest["sha256"] ?? ""}`);
  if (requireTextMember(predicate, "runId") !== run.runId || digests[0] !== run.digest)
    return "it is over another record";
  if (digests[1] !== opening.digest) return "it is over another opening";
  if (requireTextMember(predicate, "previous") !== previous) return "it does not follow the move before it";
  if (requireTextMember(predicate, "from") !== from) return "it starts from another state";
  const signer = requireMembers(predicate["signer"], "signer");
  if (requireTextMember(signer, "keyId") !== bundle.keyId)
    return "it names another key than it is signed with";
  const [name, at] = [requireTextMember(signer, "name"), requireTextMember(predicate, "signedAt")];
  const problem = saidProblem({ predicate, name, at, file, run, journal: home.journal });
  if (problem !== undefined) return problem;
  const move = checkMove({
    from,
    to: requireTextMember(predicate, "to"),
    disposition: optionalTextMember(predicate, "disposition"),
    reason: requireTextMember(predicate, "reason"),
  });
  if (visibleText(move.reason) !== move.reason) return "its reason holds a character that nobody sees";
  const shown = displayProblem(predicate, sentenceOf(name, move, at));
  if (shown !== undefined) return shown;
  return {
    number: sealNumberOf(file) ?? 0,
    ...move,
    signer: name,
    keyId: bundle.keyId,
    at,
    sealedAt: sealedAt(home.journal, file),
    bundleFile: file,
  };
}
