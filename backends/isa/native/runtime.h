/* What generated code calls: conversions between storage and compute types, total integer arithmetic, the parts of a machine
 * that every instruction set has. Everything is inline, branch-free where a loop over it should become vector instructions,
 * and free of undefined behaviour. Compiled with -ffp-contract=off -fwrapv -fno-strict-aliasing; little-endian machines only. */
#ifndef KW_RUNTIME_H
#define KW_RUNTIME_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#else
#include <fenv.h>
#endif

#define ALWAYS static inline __attribute__((always_inline, unused))
#define MAYBE static inline __attribute__((unused))
#define NEVER static __attribute__((noinline, unused))
#define PART_SHARED __attribute__((noinline, visibility("hidden"))) /* parts of a library call each other */
#define COLD static __attribute__((noinline, cold, unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ALIGNED __attribute__((aligned(64)))
#define VECTOR(lanes) __attribute__((vector_size((lanes) * 4), may_alias))
#if defined(__clang__) && defined(__AVX512F__) /* gcc 12 makes single moves of a shuffle to a wider vector */
#define WIDE_VECTORS 1
#else
#define WIDE_VECTORS 0
#endif

/* Elements of byte memories may start anywhere. */
typedef uint16_t __attribute__((aligned(1), may_alias)) near16;
typedef uint32_t __attribute__((aligned(1), may_alias)) near32;
typedef uint64_t __attribute__((aligned(1), may_alias)) near64;

/* ---- patterns ---------------------------------------------------------------------------------------------------------- */

ALWAYS uint32_t pattern(float x) { uint32_t u; memcpy(&u, &x, 4); return u; }
ALWAYS float from_pattern(uint32_t u) { float x; memcpy(&x, &u, 4); return x; }
ALWAYS uint64_t pattern64(double x) { uint64_t u; memcpy(&u, &x, 8); return u; }
ALWAYS double from_pattern64(uint64_t u) { double x; memcpy(&x, &u, 8); return x; }
ALWAYS int is_nan(float x) { return x != x; }
/* NaN has one pattern wherever it can be seen. */
ALWAYS uint32_t bits(float x) { return x != x ? UINT32_C(0x7FC00000) : pattern(x); }

/* ---- storage types: load_T gives the compute value of a pattern, store_T the pattern of a value ----------------------------- */

ALWAYS float load_f32(uint32_t u) { return from_pattern(u); }
ALWAYS uint32_t store_f32(float x) { return bits(x); }

ALWAYS float load_bf16(uint16_t u) { return from_pattern((uint32_t)u << 16); }
ALWAYS uint16_t store_bf16(float x) {
  uint32_t u = pattern(x);
  uint32_t rounded = (u + 0x7FFFu + ((u >> 16) & 1u)) >> 16;
  return (uint16_t)(x != x ? 0x7FC0u : rounded);
}

/* A float with `mantissa` bits and an exponent bias, by integer rounding to nearest even; `overflow` is what lies above `most`. */
ALWAYS uint32_t small_float(float x, int mantissa, int bias, uint32_t most, uint32_t overflow) {
  const int cut = 23 - mantissa;
  uint32_t a = pattern(x) & 0x7FFFFFFFu;
  uint32_t normal = ((a + (1u << (cut - 1)) - 1u + ((a >> cut) & 1u)) >> cut) - ((uint32_t)(127 - bias) << mantissa);
  const uint32_t magic = (uint32_t)(127 + 24 - bias - mantissa) << 23; /* its last place is the smallest subnormal */
  uint32_t subnormal = pattern(from_pattern(a) + from_pattern(magic)) - magic;
  uint32_t p = a < ((uint32_t)(128 - bias) << 23) ? subnormal : normal;
  return p > most ? overflow : p;
}

ALWAYS float load_fp16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7FFFu;
  uint32_t normal = (rest << 13) + (112u << 23);
  float subnormal = (float)(int32_t)rest * 0x1p-24f;
  uint32_t special = (rest << 13) | 0x7F800000u;
  uint32_t u = rest < 0x400u ? pattern(subnormal) : rest >= 0x7C00u ? special : normal;
  return from_pattern(u | sign);
}
ALWAYS uint16_t store_fp16(float x) {
  uint32_t sign = (pattern(x) >> 16) & 0x8000u;
  uint32_t p = small_float(x, 10, 15, 0x7C00u, 0x7C00u) | sign;
  return (uint16_t)(x != x ? 0x7E00u : p);
}

ALWAYS float load_e5m2(uint8_t u) { return load_fp16((uint16_t)((uint16_t)u << 8)); }
ALWAYS uint8_t store_e5m2(float x) {
  uint32_t sign = (pattern(x) >> 24) & 0x80u;
  uint32_t p = small_float(x, 2, 15, 0x7Cu, 0x7Cu) | sign;
  return (uint8_t)(x != x ? 0x7Eu : p);
}

ALWAYS float load_e4m3(uint8_t u) {
  uint32_t sign = (uint32_t)(u & 0x80u) << 24, rest = u & 0x7Fu;
  uint32_t normal = (rest << 20) + (120u << 23);
  float subnormal = (float)(int32_t)rest * 0x1p-9f;
  uint32_t p = rest < 8u ? pattern(subnormal) : normal;
  return from_pattern(rest == 0x7Fu ? 0x7FC00000u : (p | sign));
}
/* No infinities: what rounds beyond 448 is NaN. */
ALWAYS uint8_t store_e4m3(float x) {
  uint32_t sign = (pattern(x) >> 24) & 0x80u;
  uint32_t p = small_float(x, 3, 7, 0x7Eu, 0x7Fu);
  return (uint8_t)(x != x || p == 0x7Fu ? 0x7Fu : p | sign);
}
/* As above, but saturating: elements of blocks with a scale. */
ALWAYS uint8_t clip_e4m3(float x) {
  uint32_t sign = (pattern(x) >> 24) & 0x80u;
  return (uint8_t)(x != x ? 0x7Fu : small_float(x, 3, 7, 0x7Eu, 0x7Eu) | sign);
}
ALWAYS uint8_t clip_e5m2(float x) {
  uint32_t sign = (pattern(x) >> 24) & 0x80u;
  return (uint8_t)(x != x ? 0x7Eu : small_float(x, 2, 15, 0x7Bu, 0x7Bu) | sign);
}

ALWAYS float load_e2m1(uint8_t u) {
  uint32_t sign = (uint32_t)(u & 8u) << 28, rest = u & 7u;
  uint32_t normal = (rest << 22) + (126u << 23);
  uint32_t p = rest < 2u ? (rest ? 0x3F000000u : 0u) : normal;
  return from_pattern(p | sign);
}
/* Neither infinities nor NaN: saturates; NaN is 0. */
ALWAYS uint8_t store_e2m1(float x) {
  uint32_t sign = (pattern(x) >> 28) & 8u;
  uint32_t p = small_float(x, 1, 1, 7u, 7u) | sign;
  return (uint8_t)(x != x ? 0u : p);
}
ALWAYS uint8_t clip_e2m1(float x) { return store_e2m1(x); }

/* 2**(u - 127); 255 is NaN. */
ALWAYS float load_e8m0(uint8_t u) {
  return from_pattern(u == 255u ? 0x7FC00000u : u ? (uint32_t)u << 23 : 0x00400000u);
}
/* The nearest power of two, halfway upwards (below 2**-126: always upwards from 2**-127); NaN for what is not a positive number
 * in range. */
ALWAYS uint8_t store_e8m0(float x) {
  uint32_t u = pattern(x);
  uint32_t p = (u + 0x400000u) >> 23;
  return (uint8_t)(u == 0u || u >= 0x7F800000u || p > 254u ? 255u : u < 0x00800000u ? (u > 0x00400000u ? 1u : 0u) : p);
}

ALWAYS int32_t load_i8(uint8_t u) { return (int8_t)u; }
ALWAYS uint8_t store_i8(int32_t x) { return (uint8_t)x; }
ALWAYS uint32_t load_u8(uint8_t u) { return u; }
ALWAYS uint8_t store_u8(uint32_t x) { return (uint8_t)x; }
ALWAYS int32_t load_i16(uint16_t u) { return (int16_t)u; }
ALWAYS uint16_t store_i16(int32_t x) { return (uint16_t)x; }
ALWAYS uint32_t load_u16(uint16_t u) { return u; }
ALWAYS uint16_t store_u16(uint32_t x) { return (uint16_t)x; }
ALWAYS int32_t load_i32(uint32_t u) { return (int32_t)u; }
ALWAYS uint32_t store_i32(int32_t x) { return (uint32_t)x; }
ALWAYS uint32_t load_u32(uint32_t u) { return u; }
ALWAYS uint32_t store_u32(uint32_t x) { return x; }
ALWAYS int64_t load_i64(uint64_t u) { return (int64_t)u; }
ALWAYS uint64_t store_i64(int64_t x) { return (uint64_t)x; }
ALWAYS uint64_t load_u64(uint64_t u) { return u; }
ALWAYS uint64_t store_u64(uint64_t x) { return x; }

/* The little-endian number in 1 to 4 bytes at any place. */
ALWAYS uint32_t load_bytes(const uint8_t *from, uint64_t count) {
  if (count == 4) return *(const near32 *)from;
  if (count == 1) return *from;
  if (count == 2) return *(const near16 *)from;
  return *(const near16 *)from | (uint32_t)from[2] << 16;
}
ALWAYS void store_bytes(uint8_t *to, uint32_t x, uint64_t count) {
  if (count == 4) *(near32 *)to = x;
  else if (count == 1) *to = (uint8_t)x;
  else if (count == 2) *(near16 *)to = (uint16_t)x;
  else *(near16 *)to = (uint16_t)x, to[2] = (uint8_t)(x >> 16);
}

/* ---- lanes: elements of 1 to 4 bytes, one behind the other, as 32-bit numbers --------------------------------------------- */

#define LANES 8 /* arrays of lanes are multiples of it */

/* Whole blocks, which are the faster to load again: reads some bytes behind the elements, which a machine's struct has. */
NEVER void read_lanes(uint32_t *restrict to, const uint8_t *restrict from, uint64_t count, uint64_t bytes) {
#define BLOCKS_OF(ELEMENT) \
  for (uint64_t j = 0; j < count; j += LANES) \
    for (uint64_t i = j; i < j + LANES; i++) to[i] = ELEMENT
  if (bytes == 1) BLOCKS_OF(from[i]);
  else if (bytes == 2) BLOCKS_OF(((const near16 *)from)[i]);
  else if (bytes == 4) BLOCKS_OF(((const near32 *)from)[i]);
  else for (uint64_t i = 0; i < count; i++) to[i] = load_bytes(from + i * bytes, bytes);
#undef BLOCKS_OF
}
NEVER void read_far_lanes(uint32_t *restrict to, const uint8_t *restrict from, uint64_t count, uint64_t bytes) {
  for (uint64_t i = 0; i < count; i++) to[i] = load_bytes(from + i * bytes, bytes);
}
/* Each byte eight times. */
NEVER void read_bits(uint32_t *restrict to, const uint8_t *restrict from, uint64_t count) {
  for (uint64_t i = 0; i < (count + 7) / 8; i++)
    for (uint64_t k = 0; k < 8; k++) to[8 * i + k] = from[i];
}
NEVER void write_lanes(uint8_t *restrict to, const uint32_t *restrict from, uint64_t count, uint64_t bytes) {
  if (bytes == 1) for (uint64_t i = 0; i < count; i++) to[i] = (uint8_t)from[i];
  else if (bytes == 2) for (uint64_t i = 0; i < count; i++) ((near16 *)to)[i] = (uint16_t)from[i];
  else if (bytes == 4) memcpy(to, from, count * 4);
  else for (uint64_t i = 0; i < count; i++) store_bytes(to + i * bytes, from[i], bytes);
}
/* Those of `which`; the others stay. */
NEVER void write_some_lanes(uint8_t *restrict to, const uint32_t *restrict from, const uint32_t *restrict which, uint64_t count,
                            uint64_t bytes) {
#define CHOOSE(TYPE) for (uint64_t i = 0; i < count; i++) ((TYPE *)to)[i] = which[i] ? (TYPE)from[i] : ((TYPE *)to)[i]
  if (bytes == 1) CHOOSE(uint8_t);
  else if (bytes == 2) CHOOSE(near16);
  else if (bytes == 4) CHOOSE(near32);
  else for (uint64_t i = 0; i < count; i++) if (which[i]) store_bytes(to + i * bytes, from[i], bytes);
#undef CHOOSE
}
/* From elements as they lie in memory. */
NEVER void copy_some_lanes(uint8_t *restrict to, const void *from, const uint32_t *which, uint64_t count, uint64_t bytes) {
  const uint8_t *element = (const uint8_t *)from;
  for (uint64_t i = 0; i < count; i++, element += bytes)
    if (which[i]) store_bytes(to + i * bytes, load_bytes(element, bytes), bytes);
}

/* Bytes from `offset` of a memory on, zeros behind them. */
ALWAYS void fill(void *to, const void *memory, uint64_t offset, uint64_t count, uint64_t size) {
  if (count) memcpy(to, (const uint8_t *)memory + offset, count);
  memset((uint8_t *)to + count, 0, size - count);
}
/* One byte per element from two in a byte; bytes from `end` on read as 0. */
MAYBE void read_packed(uint8_t *to, const uint8_t *memory, uint64_t first, uint64_t end, uint64_t elements, uint64_t size) {
  for (uint64_t i = 0; i < size; i++) {
    uint64_t at = first + i / 2;
    to[i] = i < elements && at >= first && at < end ? (uint8_t)((memory[at] >> (i % 2 * 4)) & 15u) : 0;
  }
}
/* An odd last element leaves the other half of its byte as it was. */
MAYBE void write_packed(uint8_t *to, const uint8_t *from, uint64_t elements) {
  for (uint64_t i = 0; i < elements; i++) {
    uint8_t shift = i % 2 * 4;
    to[i / 2] = (uint8_t)((to[i / 2] & ~(15u << shift)) | (uint32_t)from[i] << shift);
  }
}

/* ---- blocks of elements that share a scale (OCP MX) ------------------------------------------------------------------------ */

ALWAYS uint8_t byte_or_zero(const uint8_t *memory, uint64_t at, uint64_t first, uint64_t end) {
  return at >= first && at < end ? memory[at] : 0;
}
/* Exponent of a block's scale: that of its largest magnitude less that of the type's; 128 where not all of it are numbers. */
ALWAYS int32_t block_exponent(const float *from, uint64_t count, int32_t most) {
  uint32_t largest = 0;
  for (uint64_t i = 0; i < count; i++) {
    uint32_t a = pattern(from[i]) & 0x7FFFFFFFu;
    largest = a > largest ? a : largest;
  }
  if (largest >= 0x7F800000u) return 128;
  int32_t e = (int32_t)((pattern64((double)from_pattern(largest)) >> 52) & 0x7FFu) - 1023 - most;
  return largest == 0 || e < -127 ? -127 : e > 127 ? 127 : e;
}
ALWAYS float scaled(float x, int32_t n) { return (float)((double)x * from_pattern64((uint64_t)(n + 1023) << 52)); }

/* Scales are written before elements. */
#define BLOCKS(NAME, HALVES, MOST)                                                                                              \
  MAYBE void read_mx_##NAME(float *to, const uint8_t *memory, uint64_t first, uint64_t scales, uint64_t end, uint64_t elements,  \
                            uint64_t size, uint64_t block) {                                                                   \
    for (uint64_t i = 0; i < elements; i++) {                                                                                  \
      uint8_t scale = byte_or_zero(memory, scales + i / block, scales, end);                                                    \
      uint8_t element = byte_or_zero(memory, first + i / (1 + HALVES), first, end);                                             \
      if (HALVES) element = (element >> (i % 2 * 4)) & 15u;                                                                     \
      to[i] = load_##NAME(element) * load_e8m0(scale);                                                                          \
    }                                                                                                                          \
    for (uint64_t i = elements; i < size; i++) to[i] = 0;                                                                      \
  }                                                                                                                            \
  MAYBE void write_mx_##NAME(uint8_t *memory, uint64_t first, uint64_t scales, const float *from, uint64_t elements,             \
                             uint64_t block) {                                                                                 \
    for (uint64_t start = 0; start < elements; start += block) {                                                               \
      uint64_t count = elements - start < block ? elements - start : block;                                                    \
      memory[scales + start / block] = (uint8_t)(block_exponent(from + start, count, MOST) + 127);                              \
    }                                                                                                                          \
    for (uint64_t start = 0; start < elements; start += block) {                                                               \
      uint64_t count = elements - start < block ? elements - start : block;                                                    \
      int32_t e = block_exponent(from + start, count, MOST);                                                                   \
      for (uint64_t i = start; i < start + count; i++) {                                                                       \
        uint8_t element = e == 128 ? 0 : clip_##NAME(scaled(from[i], -e)), shift = HALVES ? i % 2 * 4 : 0;                       \
        uint8_t *to = memory + first + i / (1 + HALVES);                                                                       \
        *to = HALVES ? (uint8_t)((*to & ~(15u << shift)) | (uint32_t)element << shift) : element;                               \
      }                                                                                                                        \
    }                                                                                                                          \
  }
BLOCKS(e4m3, 0, 8)
BLOCKS(e5m2, 0, 15)
BLOCKS(e2m1, 1, 2)

/* ---- total arithmetic ---------------------------------------------------------------------------------------------------- */

/* By an amount of 64 bits, or of 32, which keeps loops over 32-bit lanes narrow; a negative amount is a very large one. */
#define SHIFTS(T, NAME, UNSIGNED, WIDTH, SIGNED, AMOUNT)                                                                        \
  ALWAYS T shl_##NAME(T a, AMOUNT b) { return b < WIDTH ? (T)((UNSIGNED)a << b) : 0; }                                          \
  ALWAYS T shr_##NAME(T a, AMOUNT b) { return b < WIDTH ? (T)(a >> b) : (SIGNED && a < 0 ? (T)-1 : 0); }

#define INTEGERS(T, NAME, UNSIGNED, WIDTH, SIGNED, LEAST)                                                                       \
  ALWAYS T floordiv_##NAME(T a, T b) {                                                                                         \
    if (b == 0) return 0;                                                                                                      \
    if (SIGNED && b == (T)-1) return (T)(0 - (UNSIGNED)a);                                                                     \
    T q = a / b;                                                                                                               \
    return SIGNED && a % b != 0 && ((a < 0) != (b < 0)) ? (T)(q - 1) : q;                                                       \
  }                                                                                                                            \
  ALWAYS T mod_##NAME(T a, T b) {                                                                                              \
    if (b == 0) return a;                                                                                                      \
    if (SIGNED && b == (T)-1) return 0;                                                                                        \
    T r = a % b;                                                                                                               \
    return SIGNED && r != 0 && ((r < 0) != (b < 0)) ? (T)(r + b) : r;                                                           \
  }                                                                                                                            \
  SHIFTS(T, NAME, UNSIGNED, WIDTH, SIGNED, uint64_t)                                                                            \
  SHIFTS(T, NAME##_by32, UNSIGNED, WIDTH, SIGNED, uint32_t)                                                                     \
  ALWAYS T min_##NAME(T a, T b) { return b < a ? b : a; }                                                                      \
  ALWAYS T max_##NAME(T a, T b) { return b > a ? b : a; }                                                                      \
  ALWAYS T abs_##NAME(T a) { return SIGNED && a < 0 ? (T)(0 - (UNSIGNED)a) : a; }                                               \
  ALWAYS T from_f32_##NAME(float x) {                                                                                          \
    return x != x ? 0 : x >= (SIGNED ? WIDTH == 32 ? 0x1p31f : 0x1p63f : WIDTH == 32 ? 0x1p32f : 0x1p64f) ? (T) ~(LEAST)        \
           : x <= (float)(LEAST) ? (T)(LEAST) : (T)x;                                                                          \
  }
INTEGERS(int32_t, i32, uint32_t, 32, 1, INT32_MIN)
INTEGERS(uint32_t, u32, uint32_t, 32, 0, UINT32_C(0))
INTEGERS(int64_t, i64, uint64_t, 64, 1, INT64_MIN)
INTEGERS(uint64_t, u64, uint64_t, 64, 0, UINT64_C(0))

/* Without a branch, for loops over lanes. */
ALWAYS uint32_t choose_u32(int c, uint32_t a, uint32_t b) { uint32_t mask = 0u - (uint32_t)(c != 0); return (a & mask) | (b & ~mask); }
ALWAYS int32_t choose_i32(int c, int32_t a, int32_t b) { return (int32_t)choose_u32(c, (uint32_t)a, (uint32_t)b); }
ALWAYS float choose_f32(int c, float a, float b) { return from_pattern(choose_u32(c, pattern(a), pattern(b))); }

ALWAYS float min_f32(float a, float b) { return b < a ? b : a; }
ALWAYS float max_f32(float a, float b) { return b > a ? b : a; }
ALWAYS float abs_f32(float x) { return from_pattern(pattern(x) & 0x7FFFFFFFu); }
ALWAYS uint32_t count_leading_zeros(uint32_t u) { return u ? (uint32_t)__builtin_clz(u) : 32u; }

/* In double every f32 is normal, and a product with a power of two of this range is exact: one rounding, at the end. */
ALWAYS float scale_by(float x, int32_t n) {
  n = n > 300 ? 300 : n < -300 ? -300 : n;
  return (float)((double)x * from_pattern64((uint64_t)(n + 1023) << 52));
}
ALWAYS int32_t exponent(float x) {
  uint32_t a = pattern(x) & 0x7FFFFFFFu;
  int32_t e = (int32_t)((pattern64((double)x) >> 52) & 0x7FFu) - 1023;
  return a == 0 ? -1000 : a >= 0x7F800000u ? 1000 : e;
}

/* ---- timing -------------------------------------------------------------------------------------------------------------- */

/* base + ceil(above * work / below); work is below 2**32, and above is where machine.toml says something sane. */
ALWAYS uint64_t linear(uint64_t base, uint64_t above, uint64_t below, uint64_t work) {
  if (above >> 31 || below >> 31) return base + (uint64_t)(((unsigned __int128)above * work + below - 1) / below);
  return base + (above * work + below - 1) / below;
}

/* What a ready time carries: cycle << 11 | rank of its cause << 8 | unit; the greatest key binds. */
#define KEY(cycle, rank, unit) (((uint64_t)(cycle) << 11) + ((uint64_t)(rank) << 8) + (uint64_t)(unit))
ALWAYS uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

struct effort { uint64_t latency, interval, slots; }; /* what work-dependent costs of one program address added up to */

/* ---- the floating-point environment of the caller is put back ------------------------------------------------------------- */

#if defined(__SSE__)
typedef unsigned int environment;
ALWAYS environment environment_enter(void) { environment old = _mm_getcsr(); _mm_setcsr(0x1F80u); return old; }
ALWAYS void environment_leave(environment old) { _mm_setcsr(old); }
#else
typedef fenv_t environment;
ALWAYS environment environment_enter(void) { fenv_t old; fegetenv(&old); fesetenv(FE_DFL_ENV); return old; }
ALWAYS void environment_leave(environment old) { fesetenv(&old); }
#endif

#endif
