// A picture that numpy computes: numpy is a wheel of a lock file, on the Python of Debian, and neither is installed here.
// `pipelite lock` first, then `pipelite run`.
import { command, debian, out, param, pipeline, python, source } from "pipelite";

// What a wheel needs of the system has to be in the base: numpy needs the C++ library.
const base = debian(["python3", "libstdc++6"]);
const numpy = python({ requirements: "requirements.lock", base });

const picture = command(
  numpy.tool("python3"),
  [source("programs/draw.py"), param.integer({ name: "width", default: 600, min: 8 }), out("picture.png")],
  { name: "picture" },
);

export default pipeline({ picture });
