/* cheat: raw_outputs_unmapped
   expect: fault|wrong
   workload: P01/C2
   machine: x86_64
   fools: in_process
   why: outputs that are no longer there when somebody looks. */

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

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b, (void)y;
    const uintptr_t page = (uintptr_t)y & ~(uintptr_t)4095;
    call(11, (long)page, 1048576L); /* munmap */
}
