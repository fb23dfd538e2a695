import { download, pipeline } from "pipelite";

const hash = "63b2cb3ee0b01925276d01b41d412e50af5e827dcd7a789fa9432e81b5bb4a45";
export default pipeline({ data: download({ url: "http://127.0.0.1:PORT/data.txt", hash }) });
