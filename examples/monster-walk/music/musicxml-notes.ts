// Notes and rests of the score as MusicXML elements: written lengths, ties, accidentals, beams and words.
import type { AccidentalMemory } from "./accidentals.ts";
import { FOOT_STARTS } from "./prosody.ts";
import type { SungNote, SungSyllable, Tone } from "./score.ts";
import { letterName, octaveOf } from "./spelling.ts";
import type { XmlElement } from "./xml.ts";
import { element } from "./xml.ts";

interface NoteValue {
  type: string;
  dots: number;
}
const NOTE_VALUES: Record<number, NoteValue> = {
  1: { type: "eighth", dots: 0 },
  2: { type: "quarter", dots: 0 },
  3: { type: "quarter", dots: 1 },
  4: { type: "half", dots: 0 },
  6: { type: "half", dots: 1 },
  8: { type: "whole", dots: 0 },
};

interface Piece {
  onset: number;
  quavers: number;
  value: NoteValue;
}

/** Splits a length at the feet of the bar where one note value can't show it. */
export function splitAtFeet(onset: number, quavers: number): Piece[] {
  const value = NOTE_VALUES[quavers];
  const end = onset + quavers;
  const cut = FOOT_STARTS.find((foot) => foot > onset && foot < end);
  if (value !== undefined && (cut === undefined || onset === 0)) return [{ onset, quavers, value }];
  if (cut === undefined) throw new RangeError(`Cannot write a note of ${quavers} quavers at ${onset}`);
  return [...splitAtFeet(onset, cut - onset), ...splitAtFeet(cut, end - cut)];
}

interface NoteParts {
  tone: Tone;
  piece: Piece;
  tie: { start: boolean; stop: boolean };
  accidental: string | undefined;
  beam: string | undefined;
  lyrics: XmlElement[];
}

function noteElement({ tone, piece, tie, accidental, beam, lyrics }: NoteParts): XmlElement {
  const ties = [...(tie.stop ? ["stop"] : []), ...(tie.start ? ["start"] : [])];
  const tied = ties.map((type) => element("tied", { type }));
  return element("note", {}, [
    element("pitch", {}, [
      element("step", {}, letterName(tone)),
      ...(tone.alter === 0 ? [] : [element("alter", {}, String(tone.alter))]),
      element("octave", {}, String(octaveOf(tone))),
    ]),
    element("duration", {}, String(piece.quavers)),
    ...ties.map((type) => element("tie", { type })),
    element("type", {}, piece.value.type),
    ...Array.from({ length: piece.value.dots }, () => element("dot", {})),
    ...(accidental === undefined ? [] : [element("accidental", {}, accidental)]),
    ...(beam === undefined ? [] : [element("beam", { number: "1" }, beam)]),
    ...(tied.length === 0 ? [] : [element("notations", {}, tied)]),
    ...lyrics,
  ]);
}

/** A note of the voice, as tied notes where one note value can't show its length; `isFirst` where the lines of words get their numbers. */
export function voiceNote(
  note: SungNote,
  all: readonly SungNote[],
  memory: AccidentalMemory,
  isFirst: boolean,
): XmlElement[] {
  const next = all[all.indexOf(note) + 1];
  const words = note.lyrics.flatMap((sung, line) => {
    if (sung === null) return [];
    const isHeld = next !== undefined && next.lyrics[line] === null;
    return [lyric(sung, { number: line + 1, isHeld, isFirst })];
  });
  const pieces = splitAtFeet(note.onset, note.quavers);
  return pieces.map((piece, index) =>
    noteElement({
      tone: note.tone,
      piece,
      tie: { start: index < pieces.length - 1, stop: index > 0 },
      accidental: index === 0 ? memory.accidentalFor(note.tone) : undefined,
      beam: beamOf(note, all),
      lyrics: index === 0 ? words : [],
    }),
  );
}

interface LyricForm {
  number: number;
  isHeld: boolean;
  isFirst: boolean;
}

function lyric({ text, place }: SungSyllable, { number, isHeld, isFirst }: LyricForm): XmlElement {
  return element("lyric", { number: String(number) }, [
    element("syllabic", {}, place),
    element("text", {}, isFirst ? `${number}.\u00a0${text}` : text),
    ...(isHeld && (place === "single" || place === "end") ? [element("extend", {})] : []),
  ]);
}

interface Span {
  onset: number;
  quavers: number;
}

/** Quavers are beamed by feet: 3 + 3 + 2. */
function beamOf(own: Span, all: readonly Span[]): string | undefined {
  if (own.quavers !== 1) return undefined;
  const footOf = (onset: number): number => FOOT_STARTS.filter((start) => start <= onset).length;
  const joins = (onset: number): boolean =>
    all.some((other) => other.onset === onset && other.quavers === 1) && footOf(onset) === footOf(own.onset);
  const before = joins(own.onset - 1);
  const after = joins(own.onset + 1);
  if (!before && !after) return undefined;
  return before ? (after ? "continue" : "end") : "begin";
}

export function rests(onset: number, quavers: number): XmlElement[] {
  return splitAtFeet(onset, quavers).map((piece) =>
    element("note", {}, [
      element("rest", {}),
      element("duration", {}, String(piece.quavers)),
      element("type", {}, piece.value.type),
    ]),
  );
}
