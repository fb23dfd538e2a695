import { command, debian, out, pipeline, source } from "pipelite";

const rscript = debian(["r-base-core"]).tool("Rscript");
export default pipeline({
  plot: command(rscript, [source("plot.R"), source("points.txt"), out("plot.ps")]),
});
