import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('is what the description of the server makes of it (npm run api)', async () => {
  const description = readFileSync(join(import.meta.dirname, '../../../server/openapi.json'), 'utf8');
  const committed = readFileSync(join(import.meta.dirname, 'schema.ts'), 'utf8');
  const fresh = COMMENT_HEADER + astToString(await openapiTS(description));
  // Compared as one value: a difference of thousands of lines helps nobody.
  expect(committed === fresh, 'src/api/schema.ts is stale: run npm run api').toBe(true);
});
