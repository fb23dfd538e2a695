// What an image lost when it became an environment: figures, read from what unpacking it wrote into the root.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entryAt } from "#base/files.ts";
import * as shape from "#base/shape.ts";
import { parseStrictJson } from "#base/strict-json.ts";
import { NOTES_FILE, type Dropped } from "#environment/image/notes.ts";
import type { Claim, StageRecord } from "#home/run-record.ts";

const WORDS: Readonly<Record<keyof Dropped, readonly [id: string, statement: string]>> = {
  owners: ["owners", "Entries of others than root, which are root's in"],
  setId: ["set-id", "Set-id bits that are gone in"],
  attributes: ["attributes", "Entries whose extended attributes are gone in"],
  devices: ["devices", "Devices and pipes that are gone in"],
  hidden: ["hidden", "Files below what is mounted over, which are gone in"],
};

const { count, object } = shape;
const notes = object<{ dropped: Dropped }>({
  dropped: object<Dropped>({
    owners: count,
    setId: count,
    attributes: count,
    devices: count,
    hidden: count,
  }),
});

export function droppedClaims(
  { kind, name, outPath }: StageRecord,
  locate: (path: string) => string,
): Claim[] {
  if (kind !== "environment" || outPath === undefined) return [];
  const file = join(locate(outPath), NOTES_FILE);
  if (entryAt(file)?.isFile() !== true) return [];
  const { dropped } = shape.requireShape(notes, parseStrictJson(readFileSync(file)));
  return (Object.keys(WORDS) as (keyof Dropped)[]).map((key) => {
    const [id, statement] = WORDS[key];
    return {
      id: `${name}/dropped/${id}`,
      kind: "figure",
      statement: `${statement} ${name}`,
      value: dropped[key],
      unit: "entries",
      formula: "$1",
      evidence: [`${outPath}/${NOTES_FILE}#/dropped/${key}`],
      status: "recorded",
    };
  });
}
