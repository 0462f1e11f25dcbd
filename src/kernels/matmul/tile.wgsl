// Operands of a tile of EXTENT x EXTENT, staged with K outermost in steps of 16: tileA[k][row / 4], tileB[k][column / 4]. Where
// memory allows rows are padded against bank conflicts. 2 * EXTENT invocations make 8 rows x 4 * PARTS columns each.
var<workgroup> tileA: array<array<vec4f, {{PITCH}}>, 16>;
var<workgroup> tileB: array<array<vec4f, {{PITCH}}>, 16>;
