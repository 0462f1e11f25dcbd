import { describe, expect, it } from 'vitest';
import { findLoops, hottestLoop, parseMachineCode, type Work } from '../../inspect/machine-code/index.js';

const kinds = (works: readonly Work[]) =>
  works.map((work) => ('space' in work ? `${work.kind} ${work.space} ${work.bytes}` : work.kind));

// Lines as the drivers of Mesa 26.1 write them.
const NAK = `block.u 0 L1 [] -> {
      ur2   = ldc.b32 c[0x1][+0x20]                     // delay=1 wr:2
} -> [1]
block.u 1 L22 [0, 1] -> {
      r8..12 = ld.shared.strong.cta.b128 [r5.x16], pT   // delay=2 wt=000001 rd:0 wr:1
      r9    = ld.global.a64.constant.b32 [r6..8], p0    // delay=2 rd:0 wr:2
      r1    = ffma r8 r12 r1                            // delay=4 wt=000010
      r2 p0 = iadd3 r1 c[0x1][0x10] rZ                  // delay=1
      r4..8 = hmma.m16n8k16.f32 r4..8 r8..10 r4..8      // delay=9
              bar.sync                                  // delay=6 yld
@!p0          bra !up0 L22                              // delay=1
} -> [1, 2]
block 2 L3 [1] -> {
              st.shared.strong.cta.b128 [r0.x16] r4..8  // delay=1 rd:0
              st.local.b32 [r1] r4                      // delay=1
              exit                                      // delay=1
} -> []`;

const ACO = `BB0:
\ts_load_b128 s[4:7], s[2:3], null                         ; f4080101 f8000020
\ts_branch BB1                                              ; bfa00001
BB5:
\ts_add_u32 s7, s7, 1                                       ; 80078107
BB1:
\tds_load_b128 v[4:7], v3 offset:432                        ; d9d801b0 12000003
\tds_load_2addr_b64 v[8:11], v3 offset1:1                   ; d9d801b0 12000003
\tbuffer_load_u16 v1, v1, s[8:11], 0 offen                  ; e05c0000 80420801
\ts_waitcnt lgkmcnt(0)                                      ; bf89fc07
\ts_barrier                                                 ; bfbd0000
\tv_fmac_f32_e32 v4, v24, v68                               ; 56088918
\tv_dual_fmac_f32 v4, v5, v6 :: v_dual_mov_b32 v7, 0        ; c8088918 01000000
\tv_add_nc_u32_e32 v13, 1, v0                               ; 4a1a0081
\tv_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7] ; cc404000 1c022108
\ts_cbranch_scc0 BB5                                        ; bfa1fb32
BB6:
\tscratch_store_b32 off, v1, s0                             ; dc690000 00000100
\ts_endpgm                                                  ; bfb00000`;

const AGX = `shader: MESA_SHADER_COMPUTE
 24a: 420800000000           if       0.0, 0.0, 1, feq
 250: 522c8e020001           while    $r7, 64, 1, ult
 256: 69b11802f4000000       lload    r12_r13_r14_r15, r12l, 0, i32, xyzw
 25e: 0581c04621c81200       load     r16, dr16, r14, lsl 2, i16, x, b
 266: 3801                   wait     b
 268: 3aa1580226500200       ffma     r8, r12, r16, r8
 270: 6800                   barrier
 272: 00c0deffffff           jmp_any  -34
 278: 8800                   stop
block0 {
   0: 3800                   wait     a`;

const IR3 = `Native code for unnamed CL shader (null) with blake3 fb75:
; offsets:
@in(r0.x)\tin0 (wrmask=0x7)
mov.u32u32 r0.w, 0
l61:
add.u r6.x, r0.x, r50.z
ldl.u32 r6.z, l[r5.w], 4
isam.v.base0 (u32)(xyzw)r4.w, r4.z, s#0, t#0
(sy)stl.u32 l[r1.w], r4.w, 4
(ss)(rpt1)mad.f32 r3.z, (r)(last)r6.z, (r)r7.z, (r)(last)r3.z
(ss)(nop3) mul.f r0.w, (last)r0.w, (2.0)
bar.g
br p0.x, #l61
stib.b.untyped.1d.u32.4.imm.base0 r3.z, r0.x, 2
end
; CL: outputs:`;

describe('machine code', () => {
  it.each([
    {
      compiler: 'NAK' as const,
      code: NAK,
      loop: ['load workgroup 16', 'load global 4', 'arithmetic', 'other', 'matrix', 'barrier', 'other'],
      waits: 2,
      after: ['store workgroup 16', 'store scratch 4', 'other'],
    },
    {
      compiler: 'ACO' as const,
      code: ACO,
      loop: [
        ...['other', 'load workgroup 16', 'load workgroup 16', 'load global 2', 'other', 'barrier'],
        ...['arithmetic', 'arithmetic', 'other', 'other', 'matrix', 'other'],
      ],
      waits: 1,
      after: ['store scratch 4', 'other'],
    },
    {
      compiler: 'AGX' as const,
      code: AGX,
      loop: ['other', 'load workgroup 16', 'load global 2', 'other', 'arithmetic', 'barrier', 'other'],
      waits: 1,
      after: ['other'],
    },
    {
      compiler: 'ir3' as const,
      code: IR3,
      loop: [
        'other',
        'load workgroup 16',
        'load global 16',
        'store workgroup 16',
        'arithmetic',
        'arithmetic',
        'barrier',
        'other',
      ],
      waits: 3,
      after: ['store global 16', 'other'],
    },
  ])('of $compiler: the loop, what is in it, and what follows', ({ compiler, code, loop, waits, after }) => {
    const program = parseMachineCode(compiler, code);
    const found = hottestLoop(program);
    expect(kinds(found?.own.map(({ work }) => work) ?? [])).toEqual(loop);
    expect(found?.own.filter((one) => one.waits)).toHaveLength(waits);
    expect(kinds(program.slice((found?.loop.last ?? 0) + 1).map(({ work }) => work))).toEqual(after);
  });

  it('counts what an instruction of ir3 repeats', () => {
    expect(parseMachineCode('ir3', IR3).find(({ work }) => work.kind === 'arithmetic')?.repeats).toBe(2);
  });
});

describe('the hottest loop', () => {
  const program = (text: string) =>
    text.split(' ').map((part) => {
      const [, label, name, target] = part.match(/^(?:(\w+):)?(\w+)(?:>(\w+))?$/) ?? [];
      const work = { kind: /^[fg]$/.test(name) ? ('arithmetic' as const) : ('other' as const) };
      return { text: name, work, repeats: 1, waits: false, label, target };
    });
  const names = (text: string) => hottestLoop(program(text))?.own.map(({ text: name }) => name);

  it('is the inner one of two', () => expect(names('x a:p b:q r>b s>a y')).toEqual(['q', 'r']));

  it('is the one that does arithmetic, however deep others lie', () => {
    expect(names('a:f b:q c:r>c s>b g>a')).toEqual(['f', 'g']);
  });

  it('is the inner one of two that do arithmetic, unless the outer one does far more', () => {
    expect(names('a:f f f b:f q>b r>a')).toEqual(['f', 'q']);
    const many = new Array(20).fill('f').join(' ');
    expect(names(`a:f ${many} b:f q>b r>a`)).toHaveLength(22);
  });

  it('is none where nothing jumps backwards', () => expect(names('a:p q>b b:r')).toBeUndefined());

  it('is one where several jumps lead to its beginning', () => {
    expect(findLoops(program('a:p q>a r>a'))).toEqual([{ first: 0, last: 2, depth: 0 }]);
  });
});
