import { pipeline, stage } from "pipelite";

const runs = [1, 2, 3].flatMap((a) =>
  [10, 20, 30, 40].map((b) => stage(() => import("./model.ts"), { a, b })),
);
export default pipeline({ best: stage(() => import("./best.ts"), { runs }) });
