import { out, pipeline, sh, source, tool } from "pipelite";

const sort = tool("sort");
export default pipeline({
  counts: sh`${sort} ${source("words.txt")} | ${tool("uniq")} -c | ${sort} -rn > ${out}`,
});
