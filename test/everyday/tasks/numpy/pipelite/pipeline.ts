import { command, debian, pipeline, source } from "pipelite";

const python = debian(["python3-numpy"]).tool("python3");
export default pipeline({
  fit: command(python, [source("fit.py"), source("points.txt")], { stdout: "fit.txt" }),
});
