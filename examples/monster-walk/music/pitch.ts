// Frequencies as notes of equal temperament (A4 = 440 Hz, note 69) plus the deviation that is left.
// Frequencies are whole millihertz and logarithms are our own, so that the same measurement gives the same note on every host.
import { cents } from "../sound/elementary.ts";

/** A note of equal temperament and how far the tone lies from it. */
export interface Pitch {
  /** MIDI's numbering: 60 is middle C. May lie outside MIDI's 0..127. */
  note: number;
  /** Deviation from the note in tenths of a cent: -500 < tenths <= 500. */
  centTenths: number;
}

const CONCERT_A = { note: 69, milliHertz: 440_000 };

/** The nearest note of a frequency in millihertz, and the rest in tenths of a cent. */
export function nearestPitch(milliHertz: number): Pitch {
  const tenths = Math.round(10 * cents(milliHertz, CONCERT_A.milliHertz));
  const steps = Math.ceil((tenths - 500) / 1000);
  return { note: CONCERT_A.note + steps, centTenths: tenths - steps * 1000 };
}

export function pitchClass(note: number): number {
  return ((note % 12) + 12) % 12;
}

const SHARP_NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/** Name with octave, in sharps: 69 -> "A4". */
export function noteName(note: number): string {
  return `${SHARP_NAMES[pitchClass(note)] ?? ""}${Math.floor(note / 12) - 1}`;
}

/** "+40.5", "-48.7", "+0.0". */
export function formatCents(centTenths: number): string {
  const size = Math.abs(centTenths);
  return `${centTenths < 0 ? "-" : "+"}${Math.floor(size / 10)}.${size % 10}`;
}

/** Millihertz as hertz with three decimals: 440000 -> "440.000". */
export function formatHertz(milliHertz: number): string {
  const rest = String(milliHertz % 1000).padStart(3, "0");
  return `${Math.floor(milliHertz / 1000)}.${rest}`;
}
