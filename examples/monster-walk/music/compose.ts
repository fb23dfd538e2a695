// The composer: from the primes with their measured tones and the steps of the walk to a song of twenty bars.
// It is a set of rules and takes no chance and no model: the same measurements give the same song.
import { layBars } from "./form.ts";
import type { Chord } from "./harmony.ts";
import { chordClasses, harmonise } from "./harmony.ts";
import type { MelodySlot, Range } from "./melody.ts";
import { singNotes } from "./melody.ts";
import { singDigits } from "./numeral.ts";
import { pitchClass } from "./pitch.ts";
import type { Line, Syllable } from "./prosody.ts";
import { BAR_QUAVERS, fillLine, FOOT_STARTS, setLine } from "./prosody.ts";
import type { Bar, Dynamic, PrimeTone, Song, SungNote, SungSyllable, WalkStep } from "./score.ts";
import { BARS_PER_STEP, DYNAMICS } from "./score.ts";
import { letterName, spellRoot } from "./spelling.ts";
import { tuneNote } from "./tuning.ts";
import type { StepWords } from "./verses.ts";
import { STEP_WORDS } from "./verses.ts";

// No voice needs to go below G3.
const VOICE_FLOOR = 55;

interface BarPlan {
  step: number;
  prime: PrimeTone;
  /** The primes met so far, the bar's own last. */
  met: PrimeTone[];
  pool: Set<number>;
  lines: readonly [Line, Line];
  /** Onsets of the notes: those of the syllables of either singing. */
  onsets: number[];
}

/** Throws RangeError when the words don't fit these primes and steps. */
export function composeSong(primes: readonly PrimeTone[], steps: readonly WalkStep[]): Song {
  const first = primes[0];
  const second = primes[1];
  const last = primes.at(-1);
  if (first === undefined || second === undefined || last === undefined) {
    throw new RangeError(`Cannot compose for ${primes.length} primes: the key needs two`);
  }
  const plans = planBars(primes, steps);
  const tonic = pitchClass(first.pitch.note);
  const chords = harmonise(
    plans.map(({ pool, prime }) => ({ pool, own: pitchClass(prime.pitch.note) })),
    tonic,
    pitchClass(second.pitch.note),
  );
  const slots = plans.map((plan, index) =>
    slotsOf(plan, chords[index], plan.prime === last, index, plans.length),
  );
  const notes = singNotes(slots.flat(), rangeOf(first, last));
  let next = 0;
  const bars = plans.map((plan, index): Bar => {
    const chord = chords[index];
    if (chord === undefined) throw new RangeError(`Cannot write bar ${index + 1}: no chord`);
    const own = notes.slice(next, (next += plan.onsets.length));
    return {
      number: index + 1,
      step: plan.step,
      opensStep: index % BARS_PER_STEP === 0,
      prime: plan.prime,
      opensPrime: plans[index - 1]?.prime !== plan.prime,
      chord,
      dynamic: dynamicOf(plan.step, steps.length),
      voice: singBar(plan, chord, own, index),
      lines: [plan.lines[0].text, plan.lines[1].text],
    };
  });
  const tonicName = letterName(spellRoot({ root: tonic, quality: chords[0]?.quality ?? never() }));
  return { title: "The Monster Walk", tonic: tonicName, steps, primes, bars };
}

function never(): never {
  throw new RangeError("Cannot compose a song without bars");
}

function planBars(primes: readonly PrimeTone[], steps: readonly WalkStep[]): BarPlan[] {
  return layBars(primes.length, steps.length).map(({ step, prime: primeIndex }, index) => {
    const prime = primes[primeIndex];
    const walkStep = steps[step];
    const words = STEP_WORDS[step];
    if (prime === undefined || walkStep === undefined || words === undefined) {
      throw new RangeError(
        `Cannot compose step ${step + 1}: the composer has words for ${STEP_WORDS.length} steps`,
      );
    }
    const met = primes.slice(0, primeIndex + 1);
    const lines = writeLines(words, index % BARS_PER_STEP, prime, walkStep);
    const onsets = new Set(lines.flatMap(({ syllables }) => syllables.map(({ onset }) => onset)));
    return {
      step,
      prime,
      met,
      pool: new Set(met.map(({ pitch }) => pitchClass(pitch.note))),
      lines,
      onsets: [...onsets].toSorted((a, b) => a - b),
    };
  });
}

function writeLines(words: StepWords, bar: number, prime: PrimeTone, step: WalkStep): [Line, Line] {
  const holes = {
    prime: prime.prime,
    exponent: prime.exponent,
    digits: singDigits(step.digits),
    removed: step.removed.length,
    lean: prime.pitch.centTenths < 0 ? "flat" : "sharp",
  };
  const set = (lines: readonly [string, string]): Line =>
    setLine(fillLine(bar === 0 ? lines[0] : lines[1], holes));
  return [set(words.first), set(words.second)];
}

function slotsOf(
  plan: BarPlan,
  chord: Chord | undefined,
  isSummit: boolean,
  bar: number,
  bars: number,
): MelodySlot[] {
  const tones = new Set(chord === undefined ? [] : chordClasses(chord));
  return plan.onsets.map((onset, index) => {
    const named = plan.lines[0].syllables.some((syllable) => syllable.onset === onset && syllable.namesPrime);
    return {
      pool: plan.pool,
      chord: tones,
      named: named ? pitchClass(plan.prime.pitch.note) : undefined,
      stressed: FOOT_STARTS.includes(onset),
      endsLine: index === plan.onsets.length - 1,
      endsSong: index === plan.onsets.length - 1 && bar === bars - 1,
      isSummit,
      progress: bar / bars,
    };
  });
}

function rangeOf(first: PrimeTone, last: PrimeTone): Range {
  const low = VOICE_FLOOR + pitchClass(first.pitch.note - VOICE_FLOOR);
  const high = low + 12;
  const above = high + 1;
  return { low, high, summit: above + pitchClass(last.pitch.note - above) };
}

function singBar(plan: BarPlan, chord: Chord, notes: readonly number[], index: number): SungNote[] {
  return plan.onsets.map((onset, position): SungNote => {
    const end = plan.onsets[position + 1] ?? BAR_QUAVERS;
    const isLast = position === plan.onsets.length - 1;
    // The last note of a step gives a quaver away, for breath.
    const breath = isLast && index % BARS_PER_STEP === BARS_PER_STEP - 1 && end - onset === 2 ? 1 : 0;
    const lyrics = plan.lines.map(({ syllables }) => sungAt(syllables, onset));
    return {
      tone: tuneNote(notes[position] ?? 0, chord, plan.met),
      onset,
      quavers: end - onset - breath,
      lyrics: [lyrics[0] ?? null, lyrics[1] ?? null],
      namesPrime: plan.lines[0].syllables.some((syllable) => syllable.onset === onset && syllable.namesPrime),
    };
  });
}

function sungAt(syllables: readonly Syllable[], onset: number): SungSyllable | null {
  const found = syllables.find((syllable) => syllable.onset === onset);
  return found === undefined ? null : { text: found.text, place: found.place };
}

function dynamicOf(step: number, stepCount: number): Dynamic {
  return DYNAMICS[Math.floor((step * DYNAMICS.length) / stepCount)] ?? "ff";
}
