/* cheat: raw_trap_handler
   expect: fault|timeout|wrong
   workload: P01/C2
   machine: x86_64
   fools: inputs_in_memory
   why: a handler for traps that hides them, so that a write to an input is no longer seen. */

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

static void swallow(int number) { (void)number; }
static void back(void) { call(15); } /* rt_sigreturn */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    /* struct sigaction of the kernel: handler, flags, restorer, mask */
    const uintptr_t action[4] = {(uintptr_t)swallow, 0x44000000, (uintptr_t)back, 0};
    call(13, 11L, (long)action, 0L, 8L); /* rt_sigaction: SIGSEGV */
    ((volatile float *)a)[0] = 0.0f;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
