/** JSON Schemas of what the server answers: fastify writes answers by them, and they are the OpenAPI document. */

const point = (description: string) =>
  ({
    type: 'object',
    description,
    required: ['x', 'y'],
    properties: { x: { type: 'number' }, y: { type: 'number' } },
  }) as const;

const perLandmark = (value: object, description: string) => ({
  type: 'object',
  description,
  required: ['ps1', 'ps2', 'fh1'],
  properties: { ps1: value, ps2: value, fh1: value },
});

const milliseconds = (description: string) => ({ type: 'number', description });

export const predictionSchema = {
  type: 'object',
  required: [
    'image',
    'landmarks',
    'aop',
    'aopInMillimetres',
    'rays',
    'confidence',
    'uncertainty',
    'warnings',
    'timings',
    'overlay',
    'model',
    'notice',
  ],
  properties: {
    image: {
      type: 'object',
      required: ['format', 'width', 'height', 'frame', 'frameCount', 'spacing'],
      properties: {
        format: { type: 'string', enum: ['PNG', 'JPEG', 'DICOM', 'MetaImage'] },
        width: { type: 'integer' },
        height: { type: 'integer' },
        frame: { type: 'integer', description: 'Which frame was looked at, from 1' },
        frameCount: { type: 'integer' },
        spacing: { ...point('Millimetres per pixel, where the file says'), nullable: true },
      },
    },
    landmarks: {
      type: 'object',
      description: 'In pixels of the image: x right, y down, whole numbers at pixel centres',
      required: ['ps1', 'ps2', 'fh1'],
      properties: {
        ps1: point('Inferior end of the pubic symphysis, the vertex of the angle'),
        ps2: point('Superior end of the pubic symphysis'),
        fh1: point('Point where the ray from PS1 touches the fetal skull'),
      },
    },
    aop: { type: 'number', nullable: true, description: 'Angle of progression, degrees; null where it does not exist' },
    aopInMillimetres: {
      type: 'number',
      nullable: true,
      description: 'The angle in millimetres instead of pixels, where pixels are not square',
    },
    rays: {
      type: 'object',
      nullable: true,
      description: 'Lengths of the rays in millimetres, where the file gives a spacing',
      required: ['ps1ps2', 'ps1fh1'],
      properties: { ps1ps2: { type: 'number' }, ps1fh1: { type: 'number' } },
    },
    confidence: perLandmark(
      { type: 'number', minimum: 0, maximum: 1 },
      'How far each heatmap stands behind its point, 0 to 1',
    ),
    uncertainty: {
      type: 'object',
      nullable: true,
      description: 'How far off the prediction may be; null for a model that was not calibrated',
      required: ['predictedErrors', 'aop', 'lowConfidence'],
      properties: {
        predictedErrors: perLandmark({ type: 'number' }, 'Distance from the truth to be expected, pixels of the image'),
        aop: {
          type: 'object',
          nullable: true,
          description: '95 % interval of the angle, degrees',
          required: ['low', 'high'],
          properties: { low: { type: 'number' }, high: { type: 'number' } },
        },
        lowConfidence: {
          type: 'boolean',
          nullable: true,
          description: 'Whether a person should look closely; null where the model has no threshold for it',
        },
      },
    },
    warnings: { type: 'array', items: { type: 'string' }, description: 'What a reader of the result must know' },
    heatmaps: {
      type: 'object',
      description: 'Present where they were asked for',
      required: ['width', 'height', 'box', 'levels'],
      properties: {
        width: { type: 'integer' },
        height: { type: 'integer' },
        box: {
          type: 'object',
          description: 'Where the maps lie, in pixels from the top left corner of the image',
          required: ['x', 'y', 'width', 'height'],
          properties: {
            x: { type: 'number' },
            y: { type: 'number' },
            width: { type: 'number' },
            height: { type: 'number' },
          },
        },
        levels: {
          type: 'string',
          description:
            'Base64 of a byte for each cell, row by row, PS1 then PS2 then FH1; the highest cell of each map is 255',
        },
      },
    },
    timings: {
      type: 'object',
      required: ['decode', 'wait', 'inference', 'total', 'batch'],
      properties: {
        decode: milliseconds('Reading the image, with the wait for a thread to do it; ms'),
        wait: milliseconds('For the batch to begin; ms'),
        inference: milliseconds('Of the batch; ms'),
        total: milliseconds('From the arrival of the request; ms'),
        batch: { type: 'integer', description: 'Frames that were predicted in the same submit' },
      },
    },
    overlay: {
      type: 'object',
      nullable: true,
      description: 'The picture with landmarks, rays and angle. It is in memory only',
      required: ['url', 'expires'],
      properties: { url: { type: 'string' }, expires: { type: 'string', format: 'date-time' } },
    },
    model: {
      type: 'object',
      required: ['name', 'sha256'],
      properties: { name: { type: 'string' }, sha256: { type: 'string' } },
    },
    notice: { type: 'string' },
  },
} as const;

export const predictionQuerySchema = {
  type: 'object',
  properties: {
    frame: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 1,
      description: 'Which frame of a multi-frame file, from 1',
    },
    heatmaps: { type: 'boolean', default: false, description: 'Whether to send the heatmaps too' },
  },
} as const;

export const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Which problem, for programs' },
    detail: { type: 'string', description: 'What is wrong and what to do about it, for people' },
  },
} as const;

const weightsFile = {
  type: 'object',
  required: ['bytes', 'sha256'],
  properties: { bytes: { type: 'integer' }, sha256: { type: 'string' } },
};

export const modelSchema = {
  type: 'object',
  required: [
    'name',
    'architecture',
    'inputSize',
    'parameters',
    'metadata',
    'config',
    'calibration',
    'weights',
    'precision',
    'mostFrames',
    'notice',
  ],
  properties: {
    name: { type: 'string' },
    architecture: { type: 'string' },
    inputSize: { type: 'integer', description: 'Side of the frames given to the network, pixels' },
    parameters: { type: 'integer' },
    metadata: { type: 'object', additionalProperties: { type: 'string' } },
    config: { type: 'object', additionalProperties: true, description: 'The configuration of the training' },
    calibration: {
      type: 'object',
      nullable: true,
      additionalProperties: true,
      description: 'Of its predicted errors, where the run has one',
    },
    weights: { type: 'object', required: ['f32', 'f16'], properties: { f32: weightsFile, f16: weightsFile } },
    precision: { type: 'string', enum: ['f32', 'f16'] },
    mostFrames: { type: 'integer', description: 'Frames that a file may have' },
    notice: { type: 'string' },
  },
} as const;

export const healthSchema = {
  type: 'object',
  required: ['status', 'adapter', 'uploads', 'waiting', 'uptime'],
  properties: {
    status: { type: 'string', enum: ['ok', 'opening the GPU'] },
    adapter: { type: 'string', nullable: true },
    uploads: { type: 'integer', description: 'Uploads under way' },
    waiting: { type: 'integer', description: 'Frames that wait for the GPU' },
    uptime: { type: 'number', description: 'Seconds' },
  },
} as const;
