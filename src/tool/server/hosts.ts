import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Problem } from './problem.js';

/** Names that always resolve to this machine (RFC 6761). */
const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Refuses requests for other hosts. A page of another site whose name has been made to lead to this machine (DNS
 * rebinding) would otherwise read answers as if they were its own; its name stands in `Host`, which it cannot change.
 *
 * Served are loopback names, the address that the connection came to, and `allowed`.
 *
 * @param allowed Names and addresses, without a port
 * @returns Throws Problem `misdirected` for another host
 */
export function hostGuard(allowed: readonly string[]): (message: IncomingMessage) => void {
  const names = new Set(allowed.map((host) => hostname(isIP(host) === 6 ? `[${host}]` : host)));
  return ({ headers, socket }) => {
    const host = hostname(headers.host ?? '');
    if (host !== undefined && (LOOPBACK.test(host) || names.has(host) || host === addressOf(socket.localAddress)))
      return;
    throw new Problem(
      'misdirected',
      'This server does not accept requests for this host name; use its IP address, or start it with --allowed-host and that name.',
    );
  };
}

/** Normalized host name: lower case, without port and final dot; undefined if it is not a valid host. */
function hostname(host: string): string | undefined {
  const url = `http://${host}`;
  if (!URL.canParse(url) || /[/?#@\\]/.test(host)) return undefined;
  return new URL(url).hostname.replace(/\.$/, '') || undefined;
}

function addressOf(local: string | undefined): string | undefined {
  if (local === undefined) return undefined;
  const address = local.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return hostname(isIP(address) === 6 ? `[${address}]` : address);
}
