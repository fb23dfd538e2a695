// Standard MIDI Files, format 1: events with absolute times in, bytes out.
// Specification: "Standard MIDI Files 1.0" (RP-001, MIDI Manufacturers Association, 1996).

export interface MidiEvent {
  /** Ticks from the start of the track. */
  tick: number;
  /** The event without its delta time: status, or 0xff and type, then data. */
  bytes: readonly number[];
}

export interface MidiTrack {
  /** In any order; events of one tick keep theirs. */
  events: readonly MidiEvent[];
  /** Tick of the end of the track; no event lies behind it. */
  endTick: number;
}

const VARIABLE_MAX = 0x0fff_ffff;

/** Seven bits a byte, the highest first, bit 7 set in all but the last byte; 0 .. 2^28 - 1. */
export function writeVariableLength(value: number): number[] {
  if (!Number.isInteger(value) || value < 0 || value > VARIABLE_MAX) {
    throw new RangeError(
      `Cannot write ${value} as a variable-length quantity: it must be 0..${VARIABLE_MAX}`,
    );
  }
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

/** Throws RangeError on an event behind its track's end. */
export function writeMidiFile(ticksPerCrotchet: number, tracks: readonly MidiTrack[]): Uint8Array {
  const header = [...big16(1), ...big16(tracks.length), ...big16(ticksPerCrotchet)];
  return Uint8Array.from([
    ...chunk("MThd", header),
    ...tracks.flatMap((track) => chunk("MTrk", writeTrack(track))),
  ]);
}

function writeTrack({ events, endTick }: MidiTrack): number[] {
  const bytes: number[] = [];
  let now = 0;
  for (const event of [
    ...events.toSorted((a, b) => a.tick - b.tick),
    { tick: endTick, bytes: [0xff, 0x2f, 0] },
  ]) {
    if (event.tick < now)
      throw new RangeError(`Cannot write an event at tick ${now}: the track ends at ${endTick}`);
    bytes.push(...writeVariableLength(event.tick - now), ...event.bytes);
    now = event.tick;
  }
  return bytes;
}

function chunk(type: string, data: readonly number[]): number[] {
  return [
    ...Buffer.from(type, "latin1"),
    ...big16(data.length >>> 16),
    ...big16(data.length & 0xffff),
    ...data,
  ];
}

function big16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export const META = {
  text: 1,
  trackName: 3,
  lyric: 5,
  marker: 6,
  tempo: 0x51,
  timeSignature: 0x58,
  key: 0x59,
};

/** A meta event with text, in UTF-8. */
export function metaText(tick: number, type: number, text: string): MidiEvent {
  return metaBytes(tick, type, [...Buffer.from(text, "utf8")]);
}

export function metaBytes(tick: number, type: number, data: readonly number[]): MidiEvent {
  return { tick, bytes: [0xff, type, ...writeVariableLength(data.length), ...data] };
}

/** A channel message; refuses data bytes outside 0..127 and channels outside 0..15. */
export function channelMessage(
  tick: number,
  kind: number,
  channel: number,
  data: readonly number[],
): MidiEvent {
  const isData = data.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 0x7f);
  if (!isData || !Number.isInteger(channel) || channel < 0 || channel > 15) {
    throw new RangeError(
      `Cannot write MIDI message ${kind.toString(16)} on channel ${channel} with data ${data.join(" ")}`,
    );
  }
  return { tick, bytes: [kind | channel, ...data] };
}
