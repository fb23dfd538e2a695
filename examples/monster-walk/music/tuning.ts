// The song sounds in the tuning of the primes themselves: each note is the measured tone of a prime, moved by
// whole octaves. Where two primes share a written note, the bar's own prime has it, else the smaller one.
import type { Chord } from "./harmony.ts";
import { pitchClass } from "./pitch.ts";
import type { PrimeTone, Tone } from "./score.ts";
import { spellNote } from "./spelling.ts";

/**
 * The tone that sounds for a written note in a bar. `met` are the primes so far, the last one the bar's own.
 */
export function tuneNote(note: number, chord: Chord, met: readonly PrimeTone[]): Tone {
  const own = met.at(-1);
  const same = met.filter(({ pitch }) => pitchClass(pitch.note) === pitchClass(note));
  const source = own !== undefined && same.includes(own) ? own : same[0];
  if (source === undefined) throw new RangeError(`Cannot tune note ${note}: no prime met so far has it`);
  const octaves = (source.pitch.note - note) / 12;
  return {
    ...spellNote(note, chord),
    milliHertz: Math.round(source.milliHertz / 2 ** octaves),
    prime: source.prime,
    centTenths: source.pitch.centTenths,
  };
}
