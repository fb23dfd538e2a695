// The part of Verovio's interface that is used here; the package has no types of its own.
declare module "verovio/wasm" {
  export interface VerovioModule {
    readonly calledRun?: boolean;
  }
  export default function createVerovioModule(): Promise<VerovioModule>;
}

declare module "verovio/esm" {
  import type { VerovioModule } from "verovio/wasm";
  export class VerovioToolkit {
    constructor(module: VerovioModule);
    getVersion(): string;
    setOptions(options: Readonly<Record<string, unknown>>): void;
    loadData(data: string): boolean;
    getLog(): string;
    getPageCount(): number;
    renderToSVG(page: number): string;
    destroy(): void;
  }
}
