import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { hostGuard } from '../../../src/tool/server/hosts.js';

const answers = (host: string | undefined, localAddress = '127.0.0.1', allowed: readonly string[] = []) => {
  try {
    hostGuard(allowed)({ headers: { host }, socket: { localAddress } } as unknown as IncomingMessage);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'misdirected', status: 421 });
    return false;
  }
};

test.each([
  'localhost',
  'localhost:8000',
  'LocalHost.:8000',
  'page.localhost',
  '127.0.0.1',
  '127.0.0.1:8000',
  '127.1.2.3',
  '[::1]:8000',
  '[0:0:0:0:0:0:0:1]',
])('%s leads to this machine whoever looks it up', (host) => {
  expect(answers(host)).toBe(true);
});

test.each([
  undefined,
  '',
  'evil.example',
  'evil.example:8000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evil.example#localhost',
  'localhost@evil.example',
  'evil.example/localhost',
  '192.168.0.7',
  '[fe80::1]',
  'local host',
])('%s is another host', (host) => {
  expect(answers(host)).toBe(false);
});

test('the address that a connection came to is answered for, in any spelling', () => {
  expect(answers('192.168.0.7:8000', '192.168.0.7')).toBe(true);
  expect(answers('192.168.0.7', '::ffff:192.168.0.7')).toBe(true);
  expect(answers('[FE80:0::1]:8000', 'fe80::1%eth0')).toBe(true);
  expect(answers('192.168.0.8', '192.168.0.7')).toBe(false);
});

test('so are names that are allowed, and no names like them', () => {
  const allowed = ['tool.example', 'Other.Example.', '10.0.0.1', 'fe80::2'];
  for (const host of ['tool.example:443', 'TOOL.example', 'other.example', '10.0.0.1:1', '[fe80::2]'])
    expect(answers(host, '127.0.0.1', allowed), host).toBe(true);
  for (const host of ['a.tool.example', 'tool.example.evil', '10.0.0.2'])
    expect(answers(host, '127.0.0.1', allowed), host).toBe(false);
});
