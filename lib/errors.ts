/**
 * The errors of this library: classes by meaning, with the raw facts kept.
 *
 * @module
 */

export {
  IpcClosedError,
  IpcCorruptionError,
  IpcError,
  type IpcErrorOptions,
  IpcExistsError,
  IpcLimitError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcPermissionError,
  IpcRemovedError,
  IpcTimeoutError,
  IpcUnsupportedError,
} from "../ffi/errors.ts";
