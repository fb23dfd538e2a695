// A thermometer is calibrated: a line is fitted to readings, the fit is checked, and only a good one is drawn.
import { gate, param, pipeline, source, stage } from "pipelite";

const readings = source("data/readings.csv");

// Each stage is a module of its own: it is built again when its code, its inputs or its parameters change.
const fit = stage(() => import("./stages/fit.ts"), {
  readings,
  limit: param.number({ default: 0.005, min: 0 }),
});

// Behind the gate are the files of `fit`, but only while its verdict is `passed`: else the run stops here.
const picture = stage(() => import("./stages/picture.ts"), { fit: gate(fit, "verdict.json") });

// The names here are the folders of the result.
export default pipeline({ fit, picture });
