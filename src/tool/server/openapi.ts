import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { NOTICE } from '../../model/index.js';
import { documentSchema } from './schemas.js';

const BINARY = { schema: { type: 'string', format: 'binary' } } as const;

/** Request bodies of a prediction. They are files, not JSON, so the schemas of the routes do not describe them. */
const PREDICTION_BODY = {
  required: true,
  description: 'One PNG, JPEG, DICOM or MetaImage file. The format is detected from the contents.',
  content: {
    'multipart/form-data': {
      schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
    },
    'application/octet-stream': BINARY,
    'application/dicom': BINARY,
    'image/png': BINARY,
    'image/jpeg': BINARY,
  },
} as const;

/** Collects the routes registered after it into an OpenAPI document, for `registerOpenApiRoute`. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'sonde',
        version,
        description: `Landmarks and the angle of progression in intrapartum ultrasound frames. ${NOTICE}`,
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (documents) => {
      if (!('openapiObject' in documents)) return documents.swaggerObject;
      const { openapiObject } = documents;
      const operation = openapiObject.paths?.['/v1/predict']?.post;
      if (operation) Object.assign(operation, { requestBody: PREDICTION_BODY });
      return openapiObject;
    },
  } satisfies FastifyDynamicSwaggerOptions);
}

/** `/openapi.json`. */
export function registerOpenApiRoute(app: FastifyInstance): void {
  const schema = { summary: 'This document', response: { 200: documentSchema } };
  app.get('/openapi.json', { schema }, () => app.swagger());
}
