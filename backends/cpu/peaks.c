/* The machine's peaks in reference cycles, for the bound: multiply-adds, simple operations, loads and stores per cycle.
 *
 * Prints one JSON object: f32 multiply-adds, 32-bit simple vector operations, bytes loaded and bytes stored, each per cycle of
 * the reference clock, the best of many short trials. Where there is no such clock, a cycle is a nanosecond. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined __x86_64__
#include <immintrin.h>
#endif

enum { TRIALS = 1000, ROUNDS = 200, BUFFER = 16384, CHAINS = 12 };

static uint64_t ticks(void)
{
#if defined __x86_64__
    return __builtin_ia32_rdtsc();
#elif defined __aarch64__
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static _Alignas(64) char buffer[BUFFER];
static volatile float sink;
#if defined __x86_64__
#define TOUCH(vector) __asm__ volatile("" : : "x"(vector)) /* in a register */
#elif defined __aarch64__
#define TOUCH(vector) __asm__ volatile("" : : "w"(vector))
#else
#define TOUCH(vector) (sink = (float)(vector)[0])
#endif
#define LAUNDER __asm__ volatile("" : : "r"(buffer) : "memory")

/* One set of loops per vector type. The chains are independent and longer together than any latency; nothing can be folded,
 * because floating-point operations may not be reordered and integer ones alternate. */
#define LOOPS(NAME, ATTRIBUTE, FLOATS, INTS, MULTIPLY_ADD)                                                                      \
    ATTRIBUTE static double NAME##_mac(void)                                                                                    \
    {                                                                                                                           \
        FLOATS c[CHAINS] = {0}, a = {0}, b = {0};                                                                               \
        a += 0.5f, b += 0.25f;                                                                                                  \
        for (int i = 0; i < CHAINS; i++) c[i] += (float)i;                                                                      \
        for (int r = 0; r < ROUNDS * 20; r++)                                                                                   \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) c[i] = MULTIPLY_ADD(c[i], a, b);                          \
        for (int i = 0; i < CHAINS; i++) sink = c[i][0];                                                                        \
        return ROUNDS * 20.0 * CHAINS * (sizeof(FLOATS) / 4);                                                                   \
    }                                                                                                                           \
    ATTRIBUTE static double NAME##_simple(void)                                                                                 \
    {                                                                                                                           \
        INTS c[CHAINS] = {0}, a = {0}, b = {0};                                                                                 \
        a += 3, b += 5;                                                                                                         \
        for (int i = 0; i < CHAINS; i++) c[i] += (uint32_t)i;                                                                   \
        __asm__ volatile("" : "+m"(a), "+m"(b));                                                                                \
        for (int r = 0; r < ROUNDS * 10; r++)                                                                                   \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) c[i] = (c[i] + a) ^ b;                                    \
        for (int i = 0; i < CHAINS; i++) sink = (float)c[i][0];                                                                 \
        return ROUNDS * 10.0 * CHAINS * 2 * (sizeof(INTS) / 4);                                                                 \
    }                                                                                                                           \
    ATTRIBUTE static double NAME##_load(void)                                                                                   \
    {                                                                                                                           \
        for (int r = 0; r < ROUNDS; r++) {                                                                                      \
            LAUNDER;                                                                                                            \
            for (const INTS *p = (const INTS *)buffer; p < (const INTS *)(buffer + BUFFER); p += 8)                             \
                _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) TOUCH(p[i]);                                                \
        }                                                                                                                       \
        return (double)ROUNDS * BUFFER;                                                                                         \
    }                                                                                                                           \
    ATTRIBUTE static double NAME##_store(void)                                                                                  \
    {                                                                                                                           \
        INTS v = {0};                                                                                                           \
        for (int r = 0; r < ROUNDS; r++) {                                                                                      \
            LAUNDER;                                                                                                            \
            for (INTS *p = (INTS *)buffer; p < (INTS *)(buffer + BUFFER); p += 8)                                               \
                _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) p[i] = v;                                                   \
        }                                                                                                                       \
        return (double)ROUNDS * BUFFER;                                                                                         \
    }                                                                                                                           \
    static loop *const NAME[] = {NAME##_mac, NAME##_simple, NAME##_load, NAME##_store};

typedef double loop(void);
typedef float floats_16 __attribute__((vector_size(16)));
typedef uint32_t ints_16 __attribute__((vector_size(16)));
#define PLAIN(c, a, b) ((c) * (a) + (b))
LOOPS(plain, __attribute__((optimize("fp-contract=fast"))), floats_16, ints_16, PLAIN)

#if defined __x86_64__
typedef float floats_32 __attribute__((vector_size(32)));
typedef uint32_t ints_32 __attribute__((vector_size(32)));
#define FUSED(c, a, b) _mm256_fmadd_ps(c, a, b)
LOOPS(wide, __attribute__((target("avx2,fma"))), floats_32, ints_32, FUSED)
#endif

static double best(loop *run)
{
    double peak = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        uint64_t start = ticks();
        double done = run();
        double rate = done / (double)(ticks() - start);
        if (rate > peak) peak = rate;
    }
    return peak;
}

int main(void)
{
    loop *const *loops = plain;
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) loops = wide;
#endif
    printf("{\"mac\": %.3f, \"simple\": %.3f, \"load\": %.3f, \"store\": %.3f}\n", best(loops[0]), best(loops[1]),
           best(loops[2]), best(loops[3]));
    return 0;
}
