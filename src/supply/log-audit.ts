// The log of a home held to its checkpoints: that each continues the one before, that what they speak for is what the journal
// and the tiles have, and that checkpoints which others kept, or witnesses signed, are of the same log.
import { asBuffer } from "#base/bytes.ts";
import { bytesOfFile } from "#base/files.ts";
import { formatCount } from "#base/numbers.ts";
import { messageOf } from "#base/strict-json.ts";
import { toBase64 } from "#sigstore/envelope.ts";
import type { Home } from "#home/home.ts";
import { setBackText } from "#home/set-backs.ts";
import { formerLogs, type FormerLog } from "#home/former-logs.ts";
import { TransparencyLog } from "#home/log.ts";
import { parseCheckpoint } from "#tlog/checkpoint.ts";
import {
  hashesOfLeaves,
  leafHash,
  proveConsistency,
  rootHash,
  verifyConsistency,
  type SubtreeHashes,
} from "#tlog/merkle.ts";
import { parseNote, verifyNote, type NoteVerifier } from "#tlog/note.ts";
import type { Finding } from "./finding.ts";

export interface LogAudit {
  status: Finding["status"];
  /** Name of the log. */
  origin: string | undefined;
  /** Entries. */
  size: number;
  /** Sizes that checkpoints speak for, those from outside included. */
  checkpoints: number;
  findings: Finding[];
}

export interface LogAuditOptions {
  home: Home;
  /** The log's key, from outside: without it that of the home counts, which who may write the home may have replaced. */
  key?: NoteVerifier | undefined;
  /** Checkpoints that others kept: where they come from, and what they are. */
  kept: readonly { name: string; note: string }[];
  witnesses: readonly NoteVerifier[];
}

interface Known {
  name: string;
  size: number;
  root: Uint8Array;
}

interface Ground {
  entries: readonly Uint8Array[];
  hashes: SubtreeHashes;
  verifier: NoteVerifier;
}

/** @throws PipeliteError LOG_DAMAGED where the key of the log can't be read */
export function auditLog({ home, key, kept, witnesses }: LogAuditOptions): LogAudit {
  const log = new TransparencyLog(home);
  const entries = log.entries();
  const own = log.verifier;
  const former = formerLogs(home);
  const named = former.find(({ verifier: { name, id } }) => name === key?.name && id.equals(key.id));
  const [first] = former;
  if (own === undefined && first !== undefined && (key === undefined || named !== undefined))
    return auditFormer({ home, key, kept, witnesses }, named ?? first, entries);
  // A key of before speaks for the checkpoints that were kept of that log, and for no line after them.
  const verifier = named === undefined ? (key ?? own) : own;
  if (verifier === undefined) {
    const finding: Finding =
      entries.length === 0 && kept.length === 0
        ? { what: "log", status: "untested", detail: "this home has no log yet" }
        : { what: "log", status: "fails", detail: `${entries.length} entries, and no key of the log` };
    return {
      status: finding.status,
      origin: undefined,
      size: entries.length,
      checkpoints: 0,
      findings: [finding],
    };
  }
  const ground = { entries, hashes: hashesOfLeaves(entries.map(leafHash)), verifier };
  const files = log.checkpointFiles.map((file) => ({
    name: `checkpoint of ${file.slice(file.lastIndexOf("/") + 1)}`,
    note: bytesOfFile(file)?.toString("utf8") ?? "",
  }));
  const last = {
    name: "the last checkpoint",
    note: bytesOfFile(home.layout.checkpoint)?.toString("utf8") ?? "",
  };
  const findings: Finding[] = [
    named === undefined ? keyFinding(own, key) : formerKey(named),
    ...former.map((each) => formerFinding(each, ground)),
  ];
  const known: Known[] = [];
  const ofKept = { ...ground, verifier: named?.verifier ?? verifier };
  for (const each of [...files, last, ...kept]) {
    const read = readCheckpoint(kept.includes(each) ? ofKept : ground, each);
    if ("status" in read) findings.push(read);
    else known.push(read);
  }
  const ordered = known.toSorted((a, b) => a.size - b.size);
  findings.push(
    ...continuity(log, ordered),
    ...contents(log, ground, ordered.at(-1)?.size ?? 0),
    anchors(home, ground),
    chain(home),
    ...witnesses.map((witness) => witnessed(witness, last.note)),
    ...(witnesses.length === 0 ? [ALONE] : []),
  );
  const status = findings.some((finding) => finding.status === "fails") ? "fails" : "holds";
  return {
    status,
    origin: verifier.name,
    size: entries.length,
    checkpoints: new Set(known.map((each) => each.size)).size,
    findings,
  };
}

function formerKey({ verifier }: FormerLog): Finding {
  return { what: "key", status: "holds", detail: `${verifier.name}, of the log before that of this home` };
}

/** A home that has signed nothing since it came out of an archive. */
function auditFormer(
  { home, key, kept, witnesses }: LogAuditOptions,
  former: FormerLog,
  entries: readonly Uint8Array[],
): LogAudit {
  const { verifier, checkpoints } = former;
  const ground = { entries, hashes: hashesOfLeaves(entries.map(leafHash)), verifier };
  const { name } = verifier;
  const findings: Finding[] = [
    key === undefined
      ? { what: "key", status: "untested", detail: `${name}, as this home itself has it: no key is given` }
      : formerKey(former),
    ...formerLogs(home).map((each) => formerFinding(each, ground)),
    ...kept.flatMap((each) => {
      const read = readCheckpoint(ground, each);
      return "status" in read ? [read] : [];
    }),
    chain(home),
    ...witnesses.map((witness) => witnessed(witness, checkpoints.at(-1)?.note ?? "")),
    ...(witnesses.length === 0 ? [ALONE] : []),
  ];
  const status = findings.some((finding) => finding.status === "fails") ? "fails" : "holds";
  return { status, origin: name, size: entries.length, checkpoints: checkpoints.length - 1, findings };
}

/** What the log of before signed for must be the first lines of this journal. */
function formerFinding({ verifier, checkpoints }: FormerLog, ground: Omit<Ground, "verifier">): Finding {
  const what = `former log ${verifier.name}`;
  const read = checkpoints.map((each) => readCheckpoint({ ...ground, verifier }, each));
  const wrong = read.find((each) => "status" in each);
  if (wrong !== undefined && "status" in wrong)
    return { what, status: "fails", detail: `${wrong.what}: ${wrong.detail}` };
  const size = read.reduce((most, each) => ("size" in each ? Math.max(most, each.size) : most), 0);
  const detail = `${formatCount(checkpoints.length - 1, "checkpoint")}, for the first ${formatCount(size, "line")}`;
  return { what, status: "holds", detail };
}

const ALONE: Finding = {
  what: "independence",
  status: "untested",
  detail: "no witness is named: who may write this home could have made all of the log again",
};

function keyFinding(own: NoteVerifier | undefined, given: NoteVerifier | undefined): Finding {
  const what = "key";
  if (given === undefined)
    return {
      what,
      status: "untested",
      detail: `${own?.name ?? "none"}, as this home itself has it: no key is given`,
    };
  return own?.name === given.name && own.id.equals(given.id)
    ? { what, status: "holds", detail: given.name }
    : {
        what,
        status: "fails",
        detail: `the home's log has the key of ${own?.name ?? "nobody"}, not of ${given.name}`,
      };
}

/** What a checkpoint says, when the log's key signed it and the journal has a tree of that size and root. */
function readCheckpoint(
  { entries, hashes, verifier }: Ground,
  { name, note: text }: { name: string; note: string },
): Known | Finding {
  const fails = (detail: string): Finding => ({ what: name, status: "fails", detail });
  try {
    if (text === "") return fails("it is gone");
    const note = parseNote(text);
    if (verifyNote(note, verifier) === undefined)
      return fails(`it is not signed by the key of ${verifier.name}`);
    const { origin, size, root } = parseCheckpoint(note.text);
    if (origin !== verifier.name) return fails(`it is of the log ${origin}`);
    if (size > entries.length)
      return fails(`it is of ${size} entries, and the journal has ${entries.length}: its end is lost`);
    const found = rootHash(size, hashes);
    if (asBuffer(found).equals(root)) return { name, size, root };
    return fails(`of the first ${size} entries at least one is another than was signed for`);
  } catch (error) {
    return fails(messageOf(error));
  }
}

/** Each checkpoint against the next, by a proof from the tiles. */
function continuity(log: TransparencyLog, known: readonly Known[]): Finding[] {
  const what = "append-only";
  let proofs = 0;
  // A whole subtree is the same in every larger tree: the tiles of the last one are read once for all proofs.
  const hashes = log.hashes(known.at(-1)?.size ?? 0);
  for (const [index, next] of known.entries()) {
    const before = known[index - 1];
    if (before === undefined || before.size === next.size) continue;
    try {
      const proof = proveConsistency(before.size, next.size, hashes);
      const { size: earlier, root: earlierRoot } = before;
      if (!verifyConsistency({ earlier, earlierRoot, size: next.size, root: next.root, proof }))
        return [{ what, status: "fails", detail: `${next.name} does not continue ${before.name}` }];
    } catch (error) {
      return [{ what, status: "fails", detail: `${before.name} to ${next.name}: ${messageOf(error)}` }];
    }
    proofs += 1;
  }
  const detail = `${formatCount(proofs, "proof")}: each checkpoint continues the one before`;
  return [
    proofs === 0
      ? { what, status: "untested", detail: "there are no two checkpoints to compare" }
      : { what, status: "holds", detail },
  ];
}

/** The static files of the log against the journal, and what no checkpoint speaks for yet. */
function contents(log: TransparencyLog, { entries, hashes }: Ground, size: number): Finding[] {
  const found = log.fileProblem(entries.slice(0, size), hashes);
  const open = entries.length - size;
  return [
    found === undefined
      ? { what: "tiles", status: "holds", detail: `of ${formatCount(size, "line")}, as the journal has them` }
      : { what: "tiles", status: "fails", detail: found },
    ...(open === 0
      ? []
      : [
          {
            what: "tail",
            status: "untested" as const,
            detail: `${formatCount(open, "line")} came after the last checkpoint`,
          },
        ]),
  ];
}

/** What lines of the journal say of the log before them. */
function anchors({ journal }: Home, { hashes }: Ground): Finding {
  const what = "anchors";
  const named = journal.entries.filter(({ checkpoint }) => checkpoint !== undefined);
  const wrong = named.find(
    ({ checkpoint = { size: 0, root: "" }, sequence }) =>
      checkpoint.size >= sequence || toBase64(rootHash(checkpoint.size, hashes)) !== checkpoint.root,
  );
  if (wrong !== undefined)
    return {
      what,
      status: "fails",
      detail: `line ${wrong.sequence} names a checkpoint that this log never had`,
    };
  return named.length === 0
    ? { what, status: "untested", detail: "no line names a checkpoint yet" }
    : {
        what,
        status: "holds",
        detail: `${formatCount(named.length, "line")} with the checkpoint before them`,
      };
}

function chain({ journal }: Home): Finding {
  const what = "journal";
  const [first] = journal.openBreaks;
  return first === undefined
    ? {
        what,
        status: "holds",
        detail: `${formatCount(journal.entries.length, "line")}, each follows from the one before${setBackText(journal.setBacks)}`,
      }
    : { what, status: "fails", detail: `line ${first.line}: ${first.problem}` };
}

function witnessed(witness: NoteVerifier, last: string): Finding {
  const what = `witness ${witness.name}`;
  try {
    const seconds = verifyNote(parseNote(last), witness);
    return seconds === undefined
      ? { what, status: "fails", detail: "it has not signed the last checkpoint" }
      : { what, status: "holds", detail: `signed at ${new Date(seconds * 1000).toISOString()}` };
  } catch (error) {
    return { what, status: "fails", detail: messageOf(error) };
  }
}
