import type { Server } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  readonly socket: Socket;
  /** Whether a request on it is being processed. */
  working: boolean;
}

/** Key of a connection, the same for its socket and for the TLS socket on top of it. */
type End = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * Bounds the connections of a server without shutting anybody out: a new one is let in, and in its place the one is
 * closed that has been without a complete request for longest. Connections whose answers are being worked out stay.
 */
export class Connections {
  /** Connections, ordered by how long they have been without a complete request, longest first. */
  private readonly open = new Map<string, Connection>();

  constructor(private readonly most: number) {}

  get count(): number {
    return this.open.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.open.size >= this.most && !this.closeOldest()) {
        socket.destroy();
        return;
      }
      const key = keyOf(socket);
      this.open.set(key, { socket, working: false });
      socket.once('close', () => {
        if (this.open.get(key)?.socket === socket) this.open.delete(key);
      });
    });
  }

  /** Call with `true` when a request is complete, and with `false` when its response is being sent. */
  setWorking(end: End, working: boolean): void {
    const key = keyOf(end);
    const connection = this.open.get(key);
    if (connection === undefined) return;
    connection.working = working;
    this.open.delete(key);
    this.open.set(key, connection);
  }

  private closeOldest(): boolean {
    for (const [key, { socket, working }] of this.open) {
      if (working) continue;
      this.open.delete(key);
      socket.destroy();
      return true;
    }
    return false;
  }
}

function keyOf({ remoteAddress, remotePort }: End): string {
  return `${remoteAddress} ${remotePort}`;
}
