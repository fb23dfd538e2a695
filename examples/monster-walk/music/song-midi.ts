// The song as a MIDI file: a track for tempo and markers, and one for the voice with its words. Every tone has its exact
// tuning as a pitch bend.
import type { MidiEvent, MidiTrack } from "./midi-file.ts";
import { channelMessage, META, metaBytes, metaText, writeMidiFile } from "./midi-file.ts";
import { formatCents, formatHertz, pitchClass } from "./pitch.ts";
import { BAR_QUAVERS } from "./prosody.ts";
import type { Dynamic, Song, SungSyllable } from "./score.ts";
import { CROTCHETS_PER_MINUTE } from "./score.ts";
import { chordName, spelledName } from "./spelling.ts";

export const TICKS_PER_CROTCHET = 480;
const TICKS_PER_QUAVER = TICKS_PER_CROTCHET / 2;
const BAR_TICKS = BAR_QUAVERS * TICKS_PER_QUAVER;
const CHANNEL = 0;
/** General MIDI, counted from 0: a choir. */
const VOICE_PROGRAM = 52;
const BEND_RANGE_SEMITONES = 2;
const BEND_CENTRE = 0x2000;
const VELOCITIES: Record<Dynamic, number> = { pp: 40, p: 52, mp: 64, mf: 78, f: 94, ff: 112 };
const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const CONTROL = 0xb0;
const PROGRAM = 0xc0;
const BEND = 0xe0;

export function writeSongMidi(song: Song): Uint8Array {
  const endTick = song.bars.length * BAR_TICKS;
  const track = (events: MidiEvent[]): MidiTrack => ({ events, endTick });
  return writeMidiFile(TICKS_PER_CROTCHET, [track(conductorEvents(song)), track(voiceEvents(song))]);
}

function barStart(number: number): number {
  return (number - 1) * BAR_TICKS;
}

function conductorEvents(song: Song): MidiEvent[] {
  const microseconds = 60_000_000 / CROTCHETS_PER_MINUTE;
  // 8/8: eight beats, the unit 2^-3; a metronome click each crotchet (24 clocks), 8 demisemiquavers a
  // crotchet.
  const events = [
    metaText(0, META.trackName, song.title),
    metaText(0, META.text, "Tones are the measured tones of the primes, moved by whole octaves"),
    metaBytes(0, META.tempo, [(microseconds >> 16) & 0xff, (microseconds >> 8) & 0xff, microseconds & 0xff]),
    metaBytes(0, META.timeSignature, [BAR_QUAVERS, 3, 24, 8]),
    metaBytes(0, META.key, [majorKeySharps(song) & 0xff, 0]),
  ];
  for (const bar of song.bars) {
    if (bar.opensStep)
      events.push(metaText(barStart(bar.number), META.marker, song.steps[bar.step]?.digits ?? ""));
    const { prime, exponent, milliHertz } = bar.prime;
    if (bar.opensPrime) {
      events.push(
        metaText(
          barStart(bar.number),
          META.text,
          `${prime}^${exponent}, measured ${formatHertz(milliHertz)} Hz`,
        ),
      );
    }
    events.push(metaText(barStart(bar.number), META.text, chordName(bar.chord)));
  }
  return events;
}

/** Sharps (negative: flats) of the major key on the song's tonic. */
export function majorKeySharps(song: Song): number {
  const sharps = (pitchClass(song.primes[0]?.pitch.note ?? 0) * 7) % 12;
  return sharps > 6 ? sharps - 12 : sharps;
}

function setUp(): MidiEvent[] {
  const control = (number: number, value: number) => channelMessage(0, CONTROL, CHANNEL, [number, value]);
  return [
    channelMessage(0, PROGRAM, CHANNEL, [VOICE_PROGRAM]),
    // Registered parameter 0: pitch bend range in semitones and cents; then the null parameter.
    control(101, 0),
    control(100, 0),
    control(6, BEND_RANGE_SEMITONES),
    control(38, 0),
    control(101, 127),
    control(100, 127),
  ];
}

/** The 14-bit bend for a deviation in tenths of a cent. */
export function bendOf(centTenths: number): number {
  return BEND_CENTRE + Math.round((centTenths * BEND_CENTRE) / (BEND_RANGE_SEMITONES * 1000));
}

function voiceEvents(song: Song): MidiEvent[] {
  const events = [metaText(0, META.trackName, "Voice"), ...setUp()];
  for (const bar of song.bars) {
    for (const { tone, onset, quavers, lyrics, namesPrime } of bar.voice) {
      const start = barStart(bar.number) + onset * TICKS_PER_QUAVER;
      const [sung] = lyrics;
      if (sung !== null) events.push(metaText(start, META.lyric, lyricText(sung)));
      if (namesPrime) {
        const exact = `${tone.prime}: ${spelledName(tone)} ${formatCents(tone.centTenths)} cents`;
        events.push(metaText(start, META.text, exact));
      }
      const bend = bendOf(tone.centTenths);
      events.push(
        channelMessage(start, BEND, CHANNEL, [bend & 0x7f, bend >> 7]),
        channelMessage(start, NOTE_ON, CHANNEL, [tone.note, VELOCITIES[bar.dynamic]]),
        channelMessage(start + quavers * TICKS_PER_QUAVER, NOTE_OFF, CHANNEL, [tone.note, 64]),
      );
    }
  }
  return inOrder(events);
}

function lyricText({ text, place }: SungSyllable): string {
  return place === "begin" || place === "middle" ? `${text}-` : `${text} `;
}

/** Notes that end come before notes that begin at the same tick. */
function inOrder(events: MidiEvent[]): MidiEvent[] {
  const rank = ({ bytes: [status = 0] }: MidiEvent): number => ((status & 0xf0) === NOTE_OFF ? 0 : 1);
  return events.toSorted((a, b) => a.tick - b.tick || rank(a) - rank(b));
}
