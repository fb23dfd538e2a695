import { download, pipeline, secret } from "pipelite";

const hash = "4f6eaef1fedba9c00653501ef9ef096db1f6ccbd34553ac40a44140dd99017a7";
const headers = { Authorization: ["Bearer ", secret("TOKEN")] };
export default pipeline({ data: download({ url: "http://127.0.0.1:PORT/secret.txt", hash, headers }) });
