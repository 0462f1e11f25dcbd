import type { FrameType } from '../../model/index.js';

/** How an ONNX file is run, for its model card. */
export function onnxUse(
  file: string,
  { frameType, fit, size }: { readonly frameType: FrameType; readonly fit: boolean; readonly size: number },
): string {
  const extents = fit ? '[batch, 1, height, width]' : `[batch, 1, ${size}, ${size}]`;
  const levels = frameType === 'uint8' ? 'grey levels from 0 to 255' : 'luminance from 0 to 1';
  const preparation = fit
    ? `Frames may have any extent: the model resizes them proportionally, antialiased, and sees their central square.`
    : `Resize frames proportionally, antialiased, to a shorter side of ${size} px, and give the central square.`;
  const read = fit
    ? 'Image.open("frame.png").convert("L")'
    : `ImageOps.fit(Image.open("frame.png").convert("L"), (${size}, ${size}), Image.BILINEAR)`;
  const values = frameType === 'uint8' ? 'np.asarray(image)' : 'np.asarray(image, np.float32) / 255';
  const array = frameType === 'uint8' ? 'Uint8Array' : 'Float32Array';
  return `One input, \`frames\`: ${frameType} ${extents}, ${levels}. ${preparation} Outputs:

- \`landmarks\` [batch, 3, 2]: x and y of PS1, PS2, FH1 in pixels of the frames given, whole numbers at pixel centres
- \`angle_of_progression\` [batch]: degrees; NaN where two landmarks coincide
- \`heatmaps\` [batch, 3, h, w], over the central square

Python, with ONNX Runtime 1.12 or newer:

\`\`\`python
import numpy as np, onnxruntime
from PIL import Image${fit ? '' : ', ImageOps'}

session = onnxruntime.InferenceSession("${file}")
image = ${read}
frame = ${values}
landmarks, angle, heatmaps = session.run(None, {"frames": frame[None, None]})
\`\`\`

JavaScript, in Node or a browser:

\`\`\`js
import * as ort from 'onnxruntime-node'; // or 'onnxruntime-web'

const session = await ort.InferenceSession.create('${file}');
// grey: ${array} of height × width, row by row
const frames = new ort.Tensor('${frameType}', grey, [1, 1, height, width]);
const { landmarks, angle_of_progression, heatmaps } = await session.run({ frames });
\`\`\`

For PyTorch export the same run as safetensors.`;
}

/** How a safetensors file is loaded, for its model card. */
export function safetensorsUse(file: string): string {
  return `Weights under PyTorch's names and in its layouts. With \`tools/pytorch/sonde_networks.py\` of sonde, which needs torch and safetensors:

\`\`\`python
from sonde_networks import landmarks, load
model, config = load("${file}")
points = landmarks(model(frames), config)
\`\`\`

\`frames\` are floats [N, 1, S, S] with luminance from 0 to 1 and S = \`config["model"]["inputSize"]\`: resized proportionally, antialiased, to a
shorter side of S, of which the central square is taken. \`points\` are x and y of PS1, PS2, FH1 in pixels of that square.

In sonde itself, \`importWeights\` of \`sonde/model\` loads the file. For ONNX Runtime export the same run as ONNX.`;
}
