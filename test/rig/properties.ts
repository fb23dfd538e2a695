// Loaded before the tests of a process: properties that do not say how many inputs they try follow the lane as well.
import fc from "fast-check";
import { inputs } from "./peer.ts";

const DEFAULT_OF_FAST_CHECK = 100;

fc.configureGlobal({ numRuns: inputs(DEFAULT_OF_FAST_CHECK) });
