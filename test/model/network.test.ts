import { describe, expect, test } from 'vitest';
import { buildNetwork, DeepUNet, DsntDeepUNet, type NetworkOptions, UNet } from '../../src/model/index.js';
import { sharedDevice } from '../support/device.js';

describe('buildNetwork', () => {
  test.each([
    ['dsnt-deep-unet', DsntDeepUNet],
    ['deep-unet', DeepUNet],
    ['u-net', UNet],
  ] as const)(
    'makes %s from the words of a configuration, other settings beside them',
    async (architecture, Network) => {
      const device = await sharedDevice();
      const options = { base: 1, depth: 3, inChannels: 1 as const };
      const settings = { architecture, ...options, inputSize: 64, decoding: 'dsnt' };
      const network = buildNetwork(device, settings, 3);
      const alike = new Network({ device, seed: 3, path: '' }, options);
      expect(network).toBeInstanceOf(Network);
      expect(network.named().map(({ name, tensor }) => [name, tensor.shape])).toEqual(
        alike.named().map(({ name, tensor }) => [name, tensor.shape]),
      );
      expect(await network.parameters[0].data()).toEqual(await alike.parameters[0].data());
      network.dispose();
      alike.dispose();
    },
  );

  test.each([
    [DsntDeepUNet, { gird: 'linspace' }, 'DsntDeepUNet: there is no option gird; did you mean grid?'],
    [DeepUNet, { grid: 'linspace' }, 'DeepUNet: there is no option grid'],
    [UNet, { base: '64' }, "UNet: got '64' for base; give a whole number of at least 1"],
  ])('%o refuses options that are not its own', async (Network, options, sentence) => {
    const device = await sharedDevice();
    expect(() => new Network({ device, seed: 3, path: '' }, options as object)).toThrow(sentence);
  });

  test('refuses an architecture that does not exist, as a file may name', async () => {
    const device = await sharedDevice();
    const options = { architecture: 'v-net' } as unknown as NetworkOptions;
    expect(() => buildNetwork(device, options)).toThrow(
      'buildNetwork: there is no architecture "v-net"; use "dsnt-deep-unet", "deep-unet" or "u-net".',
    );
  });
});
