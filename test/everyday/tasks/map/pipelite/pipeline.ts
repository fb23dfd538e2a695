import { readdirSync } from "node:fs";
import { pipeline, source, stage } from "pipelite";

const parts = readdirSync("data").map((name) =>
  stage(() => import("./measure.ts"), { file: source(`data/${name}`) }),
);
export default pipeline({ total: stage(() => import("./collect.ts"), { parts }) });
