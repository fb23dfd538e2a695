// An image is cut into tiles, as many as it takes; each is measured by itself, and one stage puts it all together.
import { each, param, pipeline, source, stage } from "pipelite";

const tiles = stage(() => import("./stages/tiles.ts"), {
  image: source("data/image.pgm"),
  side: param.integer({ default: 4, min: 1 }),
});

// How many tiles there are is known when `tiles` has run. Each is a stage of its own, called by the tile's name.
const measured = each(tiles.file("tiles.json"), (tile) =>
  stage(() => import("./stages/measure.ts"), { tile }),
);

export default pipeline({ map: stage(() => import("./stages/map.ts"), { measured }) });
