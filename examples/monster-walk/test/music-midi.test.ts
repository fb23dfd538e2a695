import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { channelMessage, META, metaText, writeMidiFile, writeVariableLength } from "../music/midi-file.ts";
import { bendOf, writeSongMidi } from "../music/song-midi.ts";
import { song } from "./music-matter.ts";

interface Read {
  tick: number;
  status: number;
  /** Type of a meta event. */
  type: number;
  data: Buffer;
}

function readLength(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let next = at; ;) {
    const byte = bytes.readUInt8(next++);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next };
    assert.ok(next - at < 4, "a quantity of more than four bytes");
  }
}

/** A strict reader of its own: no running status, every byte accounted for. */
function readMidi(file: Uint8Array): { format: number; division: number; tracks: Read[][] } {
  const bytes = Buffer.from(file);
  assert.equal(bytes.toString("latin1", 0, 4), "MThd");
  assert.equal(bytes.readUInt32BE(4), 6);
  const tracks: Read[][] = [];
  let at = 14;
  while (at < bytes.length) {
    assert.equal(bytes.toString("latin1", at, at + 4), "MTrk");
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    tracks.push(readTrack(bytes, at + 8, end));
    at = end;
  }
  assert.equal(at, bytes.length);
  assert.equal(tracks.length, bytes.readUInt16BE(10));
  return { format: bytes.readUInt16BE(8), division: bytes.readUInt16BE(12), tracks };
}

function readTrack(bytes: Buffer, start: number, end: number): Read[] {
  const events: Read[] = [];
  let tick = 0;
  for (let at = start; at < end;) {
    const delta = readLength(bytes, at);
    tick += delta.value;
    const status = bytes.readUInt8(delta.next);
    at = delta.next + 1;
    if (status === 0xff) {
      const type = bytes.readUInt8(at);
      const length = readLength(bytes, at + 1);
      at = length.next + length.value;
      events.push({ tick, status, type, data: bytes.subarray(length.next, at) });
      assert.equal(type === 0x2f, at === end, "the track ends with its end mark");
    } else {
      assert.ok(status >= 0x80 && status < 0xf0, `status ${status}`);
      const size = (status & 0xf0) === 0xc0 || (status & 0xf0) === 0xd0 ? 1 : 2;
      events.push({ tick, status, type: -1, data: bytes.subarray(at, at + size) });
      for (const byte of bytes.subarray(at, at + size)) assert.ok(byte < 0x80);
      at += size;
    }
  }
  return events;
}

test("variable-length quantities are those of the specification and come back", () => {
  const examples: [number, string][] = [
    [0, "00"],
    [0x40, "40"],
    [0x7f, "7f"],
    [0x80, "8100"],
    [0x2000, "c000"],
    [0x3fff, "ff7f"],
    [0x4000, "818000"],
    [0x1f_ffff, "ffff7f"],
    [0x20_0000, "81808000"],
    [0x0fff_ffff, "ffffff7f"],
  ];
  for (const [value, hex] of examples)
    assert.equal(Buffer.from(writeVariableLength(value)).toString("hex"), hex);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x0fff_ffff }), (value) => {
      const bytes = Buffer.from(writeVariableLength(value));
      assert.deepEqual(readLength(bytes, 0), { value, next: bytes.length });
    }),
  );
  for (const bad of [-1, 0x1000_0000, 0.5, Number.NaN])
    assert.throws(() => writeVariableLength(bad), RangeError);
});

test("events of any order and time come back in order", () => {
  const event = fc.record({
    tick: fc.integer({ min: 0, max: 100_000 }),
    note: fc.integer({ min: 0, max: 127 }),
  });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const made = events.map(({ tick, note }) => channelMessage(tick, 0x90, 3, [note, 64]));
      const { tracks } = readMidi(writeMidiFile(480, [{ events: made, endTick: 100_000 }]));
      const notes = (tracks[0] ?? []).slice(0, -1).map(({ tick, data }) => ({ tick, note: data[0] }));
      const wanted = events.map(({ tick, note }) => ({ tick, note }));
      assert.deepEqual(
        notes,
        wanted.toSorted((a, b) => a.tick - b.tick),
      );
    }),
  );
});

test("the song's file: format 1, two tracks of twenty bars, tempo, metre, key, words", () => {
  const { format, division, tracks } = readMidi(writeSongMidi(song));
  assert.equal(format, 1);
  assert.equal(tracks.length, 2);
  for (const track of tracks) assert.equal(track.at(-1)?.tick, 20 * 4 * division);
  const [conductor = [], voice = []] = tracks;
  const meta = (events: Read[], type: number): Read[] => events.filter((event) => event.type === type);
  assert.equal(meta(conductor, META.tempo)[0]?.data.readUIntBE(0, 3), 750_000);
  assert.deepEqual([...(meta(conductor, META.timeSignature)[0]?.data ?? [])], [8, 3, 24, 8]);
  assert.deepEqual([...(meta(conductor, META.key)[0]?.data ?? [])], [3, 0]);
  assert.deepEqual(
    meta(conductor, META.marker).map(({ tick, data }) => [tick / (8 * division), data.toString()]),
    song.steps.map(({ digits }, index) => [index, digits]),
  );
  const words = meta(voice, META.lyric).map(({ data }) => data.toString());
  assert.match(
    words.join("").replaceAll("- ", ""),
    /^Two is the Mon-ster's own floor, For-ty-six of them, no more\./u,
  );
});

test("every note is ended before it sounds again, and is bent to the tone of its prime", () => {
  const { tracks } = readMidi(writeSongMidi(song));
  const heard: number[] = [];
  for (const track of tracks) {
    const sounding = new Set<string>();
    const bends = new Map<number, number>();
    for (const { status, data } of track) {
      const [channel, kind] = [status & 0x0f, status & 0xf0];
      const key = `${channel}/${data[0]}`;
      if (kind === 0xe0) bends.set(channel, (data[0] ?? 0) + (data[1] ?? 0) * 128);
      if (kind === 0x90) {
        assert.ok(!sounding.has(key));
        sounding.add(key);
        if (channel === 0)
          heard.push(440 * 2 ** (((data[0] ?? 0) - 69) / 12 + ((bends.get(0) ?? 0) - 8192) / 8192 / 6));
      }
      if (kind === 0x80) assert.ok(sounding.delete(key));
    }
    assert.equal(sounding.size, 0);
  }
  const wanted = song.bars.flatMap((bar) => bar.voice.map(({ tone }) => tone.milliHertz / 1000));
  assert.equal(heard.length, wanted.length);
  for (const [index, hertz] of heard.entries())
    assert.ok(Math.abs(1200 * Math.log2(hertz / (wanted[index] ?? 0))) < 0.07);
});

test("bends are centred, and what MIDI can't hold is refused", () => {
  assert.equal(bendOf(0), 8192);
  assert.equal(bendOf(1000), 8192 + 4096);
  assert.throws(() => channelMessage(0, 0x90, 0, [128, 64]), RangeError);
  assert.throws(() => channelMessage(0, 0x90, 16, [60, 64]), RangeError);
  assert.throws(
    () => writeMidiFile(480, [{ events: [metaText(9, META.text, "x")], endTick: 8 }]),
    RangeError,
  );
});
