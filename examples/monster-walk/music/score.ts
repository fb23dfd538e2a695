// What the composer makes and every writer (words, MIDI, MusicXML) reads: twenty bars with voice and chord. Times are whole quavers from the start of the bar; a bar of 8/8 has eight.
import type { Chord, SpelledNote } from "./harmony.ts";
import type { Pitch } from "./pitch.ts";
import type { Syllable } from "./prosody.ts";

export const BARS_PER_STEP = 2;
export const BARS_PER_SYSTEM = 4;
export const CROTCHETS_PER_MINUTE = 80;

/** A prime power of the order with the frequency measured for its prime in the chord. */
export interface PrimeTone {
  prime: number;
  exponent: number;
  milliHertz: number;
  pitch: Pitch;
}

/** One step of the walk: a group of digits and what was removed to reach it. */
export interface WalkStep {
  digits: string;
  removed: readonly number[];
}

export const DYNAMICS = ["pp", "p", "mp", "mf", "f", "ff"] as const;
export type Dynamic = (typeof DYNAMICS)[number];

export interface Tone extends SpelledNote {
  /** Frequency that it sounds with, in millihertz: the prime's measured one, down whole octaves. */
  milliHertz: number;
  /** The prime whose tone it is. */
  prime: number;
  /** Deviation of the tone from the written note, in tenths of a cent. */
  centTenths: number;
}

export type SungSyllable = Pick<Syllable, "text" | "place">;

export interface SungNote {
  tone: Tone;
  onset: number;
  quavers: number;
  /** Words of the first and of the second singing; null where the syllable before is held. */
  lyrics: readonly [SungSyllable | null, SungSyllable | null];
  /** True where the name of the bar's prime is sung. */
  namesPrime: boolean;
}

export interface Bar {
  /** Counted from 1. */
  number: number;
  /** Index of the step of the walk it belongs to. */
  step: number;
  opensStep: boolean;
  /** The prime power it sings of, and whether it is the first bar that does. */
  prime: PrimeTone;
  opensPrime: boolean;
  chord: Chord;
  dynamic: Dynamic;
  voice: readonly SungNote[];
  /** The lines as read, first and second singing. */
  lines: readonly [string, string];
}

export interface Song {
  title: string;
  tonic: string;
  steps: readonly WalkStep[];
  primes: readonly PrimeTone[];
  bars: readonly Bar[];
}
