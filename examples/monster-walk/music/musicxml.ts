// The song as MusicXML 4.0, score-partwise: a voice with two lines of words, and chord symbols.
// Specification: W3C Community Group Report "MusicXML 4.0" (2021). Order of elements follows its schema.
import type { AccidentalMemory } from "./accidentals.ts";
import { rememberAccidentals } from "./accidentals.ts";
import type { Heading } from "./engrave.ts";
import { formatCents } from "./pitch.ts";
import { rests, voiceNote } from "./musicxml-notes.ts";
import { BAR_QUAVERS } from "./prosody.ts";
import type { Bar, Song } from "./score.ts";
import { BARS_PER_SYSTEM, CROTCHETS_PER_MINUTE } from "./score.ts";
import { majorKeySharps } from "./song-midi.ts";
import { chordName, letterName, spellRoot } from "./spelling.ts";
import type { XmlElement } from "./xml.ts";
import { element, writeXml } from "./xml.ts";

/** Divisions of a crotchet: a quaver is the shortest note. */
const DIVISIONS = 2;

export function writeMusicXml(song: Song): string {
  const memory = rememberAccidentals(majorKeySharps(song));
  const root = element("score-partwise", { version: "4.0" }, [
    element("work", {}, [element("work-title", {}, song.title)]),
    element("identification", {}, [
      element("creator", { type: "composer" }, AUTHOR),
      element("encoding", {}, [element("software", {}, "Pipelite")]),
    ]),
    element("part-list", {}, [element("score-part", { id: "P1" }, [element("part-name", {}, "Voice")])]),
    element(
      "part",
      { id: "P1" },
      song.bars.map((bar) => measure(song, bar, memory)),
    ),
  ]);
  return writeXml(root, {
    name: "score-partwise",
    publicId: "-//Recordare//DTD MusicXML 4.0 Partwise//EN",
    systemId: "http://www.musicxml.org/dtds/partwise.dtd",
  });
}

/** What the heading of the score says. */
export function headingOf(song: Song): Heading {
  return { title: song.title, subtitle: subtitle(song), left: readingNote(song), right: AUTHOR };
}

const AUTHOR = "Words and music by rule: Pipelite\u2019s composer";

function subtitle({ primes, steps }: Song): string {
  return `${primes.length} primes in ${steps.length} steps along the order of the Monster group`;
}

/** Explains the marks above the voice by the first that isn't zero. */
function readingNote({ primes }: Song): string {
  const example = primes.find(({ pitch }) => pitch.centTenths !== 0);
  if (example === undefined) return "All tones lie on the written notes";
  const { centTenths } = example.pitch;
  const side = centTenths < 0 ? "below" : "above";
  const cents = formatCents(Math.abs(centTenths)).slice(1);
  const mark = deviation(example.prime, centTenths);
  return `${mark}: prime ${example.prime} sounds ${cents} cents ${side} the written note`;
}

function deviation(prime: number, centTenths: number): string {
  return `${prime}: ${formatCents(centTenths).replace("-", "\u2212")}\u00a2`;
}

function measure(song: Song, bar: Bar, memory: AccidentalMemory): XmlElement {
  memory.startBar();
  const content: XmlElement[] = [];
  if (bar.number > 1 && (bar.number - 1) % BARS_PER_SYSTEM === 0)
    content.push(element("print", { "new-system": "yes" }));
  if (bar.number === 1) content.push(attributes(song), tempoMark());
  if (bar.opensStep) {
    content.push(
      direction(
        "above",
        element("rehearsal", { enclosure: "rectangle" }, song.steps[bar.step]?.digits ?? ""),
      ),
    );
    if (song.bars[bar.number - 2]?.dynamic !== bar.dynamic) content.push(dynamics(bar));
  }
  const before = song.bars[bar.number - 2]?.chord;
  if (before === undefined || chordName(before) !== chordName(bar.chord)) content.push(harmony(bar));
  let filled = 0;
  let named = false;
  for (const note of bar.voice) {
    const first = note.namesPrime && !named;
    named ||= note.namesPrime;
    if (first)
      content.push(
        direction(
          "above",
          element(
            "words",
            { "font-style": "italic", "font-size": "8" },
            // The space keeps it clear of a rehearsal mark.
            `\u2002${deviation(note.tone.prime, note.tone.centTenths)}`,
          ),
        ),
      );
    content.push(...voiceNote(note, bar.voice, memory, bar.number === 1 && note.onset === 0));
    filled = note.onset + note.quavers;
  }
  if (filled < BAR_QUAVERS) content.push(...rests(filled, BAR_QUAVERS - filled));
  if (bar.number === song.bars.length) content.push(finalBarline());
  return element("measure", { number: String(bar.number) }, content);
}

function attributes(song: Song): XmlElement {
  return element("attributes", {}, [
    element("divisions", {}, String(DIVISIONS)),
    element("key", {}, [element("fifths", {}, String(majorKeySharps(song))), element("mode", {}, "major")]),
    element("time", {}, [element("beats", {}, String(BAR_QUAVERS)), element("beat-type", {}, "8")]),
    element("clef", {}, [element("sign", {}, "G"), element("line", {}, "2")]),
  ]);
}

function direction(placement: string, type: XmlElement): XmlElement {
  return element("direction", { placement }, [element("direction-type", {}, [type])]);
}

function tempoMark(): XmlElement {
  const perMinute = String(CROTCHETS_PER_MINUTE);
  return element("direction", { placement: "above", directive: "yes" }, [
    element("direction-type", {}, [element("words", { "font-weight": "bold" }, "At a walk ")]),
    element("direction-type", {}, [
      element("metronome", {}, [element("beat-unit", {}, "quarter"), element("per-minute", {}, perMinute)]),
    ]),
    element("sound", { tempo: perMinute }),
  ]);
}

function dynamics(bar: Bar): XmlElement {
  return direction("above", element("dynamics", {}, [element(bar.dynamic, {})]));
}

function harmony({ chord }: Bar): XmlElement {
  const root = spellRoot(chord);
  const { kind, symbol, degrees } = chord.quality;
  return element("harmony", { placement: "above" }, [
    element("root", {}, [
      element("root-step", {}, letterName(root)),
      ...(root.alter === 0 ? [] : [element("root-alter", {}, String(root.alter))]),
    ]),
    element("kind", { text: symbol.replaceAll("b", "\u266d") }, kind),
    ...degrees.map(({ value, alter }) =>
      element("degree", {}, [
        element("degree-value", {}, String(value)),
        element("degree-alter", {}, String(alter)),
        // No word for an alteration: "A7(\u266f11)", but "A(add9)".
        element("degree-type", alter === 0 ? {} : { text: "" }, "add"),
      ]),
    ),
  ]);
}

function finalBarline(): XmlElement {
  return element("barline", { location: "right" }, [element("bar-style", {}, "light-heavy")]);
}
