// What became of a root when it was made: what an image lost, and which files are not the same each time. Figures, read from what
// making it wrote into the root.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entryAt } from "#base/files.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { NOTES_FILE, type Dropped, type Varying } from "#environment/notes.ts";
import type { Claim, StageRecord } from "#home/run-record.ts";

const WORDS: Readonly<Record<keyof Dropped, readonly [id: string, statement: string]>> = {
  owners: ["owners", "Entries of others than root, which are root's in"],
  setId: ["set-id", "Set-id bits that are gone in"],
  attributes: ["attributes", "Entries whose extended attributes are gone in"],
  devices: ["devices", "Devices and pipes that are gone in"],
  hidden: ["hidden", "Files below what is mounted over, which are gone in"],
};

const { count, mapOf, object, optional } = shape;
interface Notes {
  dropped?: Dropped;
  varying?: Varying;
}
const notes = object<Notes>({
  dropped: optional(
    object<Dropped>({
      owners: count,
      setId: count,
      attributes: count,
      devices: count,
      hidden: count,
    }),
  ),
  varying: optional(mapOf(count)),
});

export function rootClaims({ kind, name, outPath }: StageRecord, locate: (path: string) => string): Claim[] {
  if (kind !== "environment" || outPath === undefined) return [];
  const file = join(locate(outPath), NOTES_FILE);
  if (entryAt(file)?.isFile() !== true) return [];
  const { dropped, varying = {} } = shape.requireShape(notes, parseStrictJson(readFileSync(file)));
  const claim = (id: string, statement: string, value: number, unit: string, place: string): Claim => ({
    id: `${name}/${id}`,
    kind: "figure",
    statement: `${statement} ${name}`,
    value,
    unit,
    formula: "$1",
    evidence: [`${outPath}/${NOTES_FILE}#/${place}`],
    status: "recorded",
  });
  const lost = (Object.keys(WORDS) as (keyof Dropped)[]).flatMap((key) => {
    const [id, statement] = WORDS[key];
    const value = dropped?.[key];
    return value === undefined ? [] : claim(`dropped/${id}`, statement, value, "entries", `dropped/${key}`);
  });
  const different = Object.entries(varying).map(([each, value]) => {
    const statement = `Files of the package ${each} that are not the same each time, in`;
    return claim(`varying/${each}`, statement, value, "files", `varying/${each}`);
  });
  return [...lost, ...different];
}
