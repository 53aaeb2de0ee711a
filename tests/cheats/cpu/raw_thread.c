/* cheat: raw_thread
   expect: fault|wrong
   workload: P01/C2
   machine: x86_64
   fools: unconfined
   why: a second thread does half of the work, on a processor that the baseline does not have. */

#include <string.h>

/* A system call without a line of assembly: libc's own function for it lies somewhere before its memcpy. */
static long (*found(void))(long, ...)
{
    static const unsigned char code[] = {
        0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x4d,
        0x89, 0xc2, 0x4d, 0x89, 0xc8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05,
    };
    static const unsigned char *at;
    if (!at)
        for (at = (const unsigned char *)(uintptr_t)memcpy; memcmp(at, code, sizeof code) != 0; at--) {}
    return (long (*)(long, ...))(uintptr_t)at;
}
#define call(...) found()(__VA_ARGS__)

static char stack[65536] __attribute__((aligned(64)));
static struct { const float *a, *b; float *y; } job;
static volatile int done;

static void second_half(void)
{
    for (int i = N / 2; i < N; i++) job.y[i] = job.a[i] + job.b[i];
    done = 1;
    call(60, 0L); /* exit */
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    void **top = (void **)(stack + sizeof stack - 64);
    *top = (void *)(uintptr_t)second_half; /* where the new thread returns to */
    job.a = a, job.b = b, job.y = y, done = 0;
    if (call(56, 0x10f00L, (long)top, 0L, 0L, 0L) < 0) return; /* clone: shares memory, files and signals; a thread */
    for (int i = 0; i < N / 2; i++) y[i] = a[i] + b[i];
    while (!done) {}
}
