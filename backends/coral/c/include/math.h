/* The part of <math.h> that kernels have, in single precision: there is no hardware for doubles.
   Everything is inlined, and counts as the line that calls it. */
#ifndef MATH_H
#define MATH_H

#include <stdint.h>

#define MATH_INLINE static inline __attribute__((nodebug))

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VALF INFINITY
#define M_E 2.7182818284590452f
#define M_LN2 0.6931471805599453f
#define M_PI 3.1415926535897932f
#define M_SQRT2 1.4142135623730950f
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x) __builtin_signbit(x)

/* One instruction each, or a few. */
MATH_INLINE float sqrtf(float x) { return __builtin_sqrtf(x); }
MATH_INLINE float fabsf(float x) { return __builtin_fabsf(x); }
MATH_INLINE float fmaxf(float x, float y) { return __builtin_fmaxf(x, y); }
MATH_INLINE float fminf(float x, float y) { return __builtin_fminf(x, y); }
MATH_INLINE float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
MATH_INLINE float copysignf(float x, float y) { return __builtin_copysignf(x, y); }
MATH_INLINE float floorf(float x) { return __builtin_floorf(x); }
MATH_INLINE float ceilf(float x) { return __builtin_ceilf(x); }
MATH_INLINE float truncf(float x) { return __builtin_truncf(x); }
MATH_INLINE float roundf(float x) { return __builtin_roundf(x); }
MATH_INLINE float rintf(float x) { return __builtin_rintf(x); }
MATH_INLINE float nearbyintf(float x) { return __builtin_rintf(x); }
MATH_INLINE long lrintf(float x) { return __builtin_lrintf(x); }
MATH_INLINE long lroundf(float x) { return __builtin_lroundf(x); }

MATH_INLINE float math_of_bits(uint32_t bits)
{
    union { uint32_t bits; float value; } both = { .bits = bits };
    return both.value;
}

MATH_INLINE uint32_t math_bits(float value)
{
    union { float value; uint32_t bits; } both = { .value = value };
    return both.bits;
}

/* e^x = 2^n e^r with n = round(x / ln 2) and |r| < 0.35, for which eight terms of the series do. ln 2 is subtracted in two
   parts, of which the first has few bits, so that n times it is exact. 2^n is multiplied in two steps: it may be subnormal. */
MATH_INLINE float expf(float x)
{
    if (!(x < 88.8f)) return x != x ? x : INFINITY;
    if (x < -104.0f) return 0.0f;
    const int32_t n = (int32_t)__builtin_lrintf(x * 1.44269504f);
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float sum = 1.0f / 5040.0f;
    sum = sum * r + 1.0f / 720.0f;
    sum = sum * r + 1.0f / 120.0f;
    sum = sum * r + 1.0f / 24.0f;
    sum = sum * r + 1.0f / 6.0f;
    sum = sum * r + 0.5f;
    sum = sum * r * r + r + 1.0f;
    const int32_t half = n >> 1;
    return sum * math_of_bits((uint32_t)(half + 127) << 23) * math_of_bits((uint32_t)(n - half + 127) << 23);
}

/* ln x = n ln 2 + ln m with m between sqrt(1/2) and sqrt(2), and ln m = 2 artanh s, s = (m - 1) / (m + 1). */
MATH_INLINE float logf(float x)
{
    if (!(x > 0.0f) || x == INFINITY) return x == 0.0f ? -INFINITY : x < 0.0f ? NAN : x;
    int32_t n = 0;
    if (x < 1.17549435e-38f) {
        x *= 8388608.0f;
        n = -23;
    }
    const uint32_t shifted = math_bits(x) - 0x3f3504f3u;
    n += (int32_t)shifted >> 23;
    const float m = math_of_bits((shifted & 0x7fffffu) + 0x3f3504f3u);
    const float s = (m - 1.0f) / (m + 1.0f), t = s * s;
    const float rest = t * (2.0f / 3.0f + t * (2.0f / 5.0f + t * (2.0f / 7.0f + t * (2.0f / 9.0f))));
    return n * 0.693359375f + (s * rest - n * 2.12194440e-4f + 2.0f * s);
}

/* Near 0 its series, to which 1 - 2 / (e^2x + 1) would lose its digits. */
MATH_INLINE float tanhf(float x)
{
    const float size = fabsf(x), t = x * x;
    if (size < 0.3f)
        return x + x * t * (-1.0f / 3.0f + t * (2.0f / 15.0f + t * (-17.0f / 315.0f + t * (62.0f / 2835.0f + t * (-1382.0f / 155925.0f)))));
    return copysignf(1.0f - 2.0f / (expf(2.0f * size) + 1.0f), x);
}

#endif
