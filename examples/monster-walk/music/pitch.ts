// Frequencies as notes of equal temperament (A4 = 440 Hz, note 69) plus the deviation that is left.
// Frequencies are whole millihertz and logarithms are taken in integers, so that the same measurement gives
// the same note on every host.

/** A note of equal temperament and how far the tone lies from it. */
export interface Pitch {
  /** MIDI's numbering: 60 is middle C. May lie outside MIDI's 0..127. */
  note: number;
  /** Deviation from the note in tenths of a cent: -500 < tenths <= 500. */
  centTenths: number;
}

export const CONCERT_A = { note: 69, milliHertz: 440_000 };

const FRACTION_BITS = 40;
const MANTISSA_BITS = 62n;

/** log2(a / b) * 2^40, floor, for positive whole a and b: one bit of the logarithm per squaring. */
export function log2Fixed(a: bigint, b: bigint): bigint {
  if (a <= 0n || b <= 0n)
    throw new RangeError(`Cannot take the logarithm of ${a}/${b}: both must be positive`);
  // Scaled so that the quotient has the mantissa's bits or more, however small a/b is.
  const scale = BigInt(b.toString(2).length);
  let whole = -scale;
  let mantissa = (a << (MANTISSA_BITS + scale)) / b;
  while (mantissa >= 2n << MANTISSA_BITS) {
    mantissa >>= 1n;
    whole++;
  }
  let fraction = 0n;
  for (let bit = 0; bit < FRACTION_BITS; bit++) {
    mantissa = (mantissa * mantissa) >> MANTISSA_BITS;
    fraction <<= 1n;
    if (mantissa >= 2n << MANTISSA_BITS) {
      mantissa >>= 1n;
      fraction |= 1n;
    }
  }
  return (whole << BigInt(FRACTION_BITS)) + fraction;
}

/** The nearest note of a frequency in millihertz, and the rest in tenths of a cent. */
export function nearestPitch(milliHertz: number): Pitch {
  const logarithm = log2Fixed(BigInt(milliHertz), BigInt(CONCERT_A.milliHertz));
  const half = 1n << BigInt(FRACTION_BITS - 1);
  const tenths = Number((logarithm * 12_000n + half) >> BigInt(FRACTION_BITS));
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
