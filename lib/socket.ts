/**
 * Unix sockets: streams, messages and datagrams, with descriptors and credentials.
 *
 * @module
 */

export type { SocketAddress } from "./_socket_address.ts";
export type { SocketFileOptions } from "./_socket_file.ts";
export type { Datagram, FdLike, MessageLimits, SocketMessage } from "./_socket_message.ts";
export type { ConnectionType, PeerCredentials } from "./_unix_socket.ts";
export { type InheritedListener, inheritedListeners } from "./inherited_listeners.ts";
export { type ConnectOptions, type SendMessageOptions, UnixConnection } from "./unix_connection.ts";
export {
  type DatagramConnectOptions,
  type SendDatagramOptions,
  UnixDatagram,
} from "./unix_datagram.ts";
export { type ListenOptions, UnixListener } from "./unix_listener.ts";
