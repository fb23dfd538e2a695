import { createHash } from "node:crypto";
import { renderChord } from "../../sound/chord.ts";
import { measureWindow } from "../../sound/measurement.ts";
import { plainWindow, renderWalk } from "../../sound/walk.ts";
import { parseWav, writeWav } from "../../sound/wav.ts";
import { variationOf } from "../variation.ts";

/** The chord and one step of the walk as recordings, varied by the seed, and what is measured in the bytes of both. */
export default function audio({ seed }: { seed: number }) {
  const variation = variationOf(seed);
  const { sampleRateHz, chord, walk } = variation;
  const chordBytes = writeWav({
    sampleRateHz,
    samples: renderChord(chord.voices, sampleRateHz, chord.samples),
  });
  const walkBytes = writeWav({ sampleRateHz, samples: renderWalk(walk.score) });
  const plain = plainWindow(walk.score);
  const kept = walk.score.harmonics.filter(({ prime }) => !walk.removed.includes(prime));
  return {
    "chord.wav": chordBytes,
    "walk.wav": walkBytes,
    "measured.json": {
      seed,
      removed: walk.removed,
      chord: {
        sha256: sha256(chordBytes),
        measured: measureWindow(parseWav(chordBytes), chord.window, chord.voices),
      },
      walk: {
        sha256: sha256(walkBytes),
        measured: measureWindow(
          parseWav(walkBytes),
          { start: plain.start, samples: plain.end - plain.start },
          kept,
        ),
      },
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
