import { type Device, SondeError } from '../engine/index.js';
import { ownOptions } from '../engine/signature.js';
import { DeepUNet, type DeepUNetOptions, deepUNetOptions } from './deep-unet.js';
import { DsntDeepUNet, type DsntDeepUNetOptions, dsntDeepUNetOptions } from './dsnt-deep-unet.js';
import type { HeatmapNetwork } from './heatmap-network.js';
import { UNet, type UNetOptions, uNetOptions } from './u-net.js';

/** Which network, in the words of the section `model` of a run's `config.json`. */
export type NetworkOptions =
  | ({ readonly architecture: 'dsnt-deep-unet' } & DsntDeepUNetOptions)
  | ({ readonly architecture: 'deep-unet' } & DeepUNetOptions)
  | ({ readonly architecture: 'u-net' } & UNetOptions);

/**
 * A network by its architecture's name, freshly initialized; `importWeights` gives it trained weights.
 *
 * @param options The section `model` of a configuration will do: settings that are not the network's own are left
 *   alone.
 * @param seed Of the initial values.
 * @throws SondeError for an architecture that does not exist; ShapeError for options that fit no network
 */
export function buildNetwork(device: Device, options: NetworkOptions, seed = 0): HeatmapNetwork {
  const builder = { device, seed, path: '' };
  switch (options.architecture) {
    case 'dsnt-deep-unet':
      return new DsntDeepUNet(builder, ownOptions(dsntDeepUNetOptions, options));
    case 'deep-unet':
      return new DeepUNet(builder, ownOptions(deepUNetOptions, options));
    case 'u-net':
      return new UNet(builder, ownOptions(uNetOptions, options));
    default: {
      // A configuration that was read from a file may hold anything.
      const { architecture } = options as { architecture: unknown };
      throw new SondeError(
        `buildNetwork: there is no architecture ${JSON.stringify(architecture)}; use "dsnt-deep-unet", "deep-unet" or "u-net".`,
      );
    }
  }
}
