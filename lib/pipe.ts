/**
 * Pipes and FIFOs: bytes that one process writes and another reads, in order.
 *
 * @module
 */

export type { SyncWaitOptions, WaitOptions } from "./_options.ts";
export { Pipe, type PipeCreateOptions } from "./anonymous_pipe.ts";
export {
  type FifoCreateOptions,
  type FifoOpenOptions,
  type FifoOpenSyncOptions,
  mkfifo,
  openFifo,
  openFifoReader,
  openFifoReaderSync,
  openFifoWriter,
  openFifoWriterSync,
} from "./fifo.ts";
export { PipeReader } from "./pipe_reader.ts";
export { PIPE_BUF, PipeWriter } from "./pipe_writer.ts";
