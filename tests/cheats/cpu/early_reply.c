/* cheat: early_reply
   expect: fault|wrong
   workload: P01/C1
   machine: x86_64
   fools: nobody: it knows the stack of this backend's own runner.
   why: the kernel takes the caller's loop over: it answers first and computes afterwards, in the time until it
           is stopped. */

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

struct request { uint64_t nonce; uint32_t begin, count; };
struct reply { uint64_t nonce; uint32_t status, signal; uint64_t address, pc; };

static uint64_t number(const char **text)
{
    uint64_t value = 0;
    for (; **text; ++*text) value = value * 10 + (uint64_t)(**text - '0');
    ++*text;
    return value;
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    /* The runner's arguments lie at the top of the stack: library, request, reply, two memories, slots, two strides. */
    static const char library[] = "/kernel/kernel.so";
    const char *text = __builtin_frame_address(0);
    while (memcmp(text, library, sizeof library) != 0 || text[sizeof library] < '0' || text[sizeof library] > '9') text++;
    const uint64_t *frame = __builtin_frame_address(0);
    text += sizeof library;
    const long asks = (long)number(&text), answers = (long)number(&text);
    for (int skipped = 0; skipped < 2; skipped += *(const volatile char *)text++ == 0) {}
    (void)number(&text);
    const uint64_t input_stride = number(&text), output_stride = number(&text);
    /* The first request that reaches a kernel is for one call; it lies in the caller's frame. */
    while (frame[1] != (uint64_t)1 << 32) frame++;
    struct request request = {frame[0], 0, 1};
    do {
        const struct reply done = {.nonce = request.nonce};
        call(1, answers, (long)&done, (long)sizeof done); /* write */
        for (uint32_t slot = 0; slot < request.count; slot++) {
            const float *p = (const float *)((const char *)a + slot * input_stride);
            const float *q = (const float *)((const char *)b + slot * input_stride);
            float *out = (float *)((char *)y + slot * output_stride);
            for (int i = 0; i < N; i++) out[i] = p[i] + q[i];
        }
    } while (call(0, asks, (long)&request, (long)sizeof request) == sizeof request); /* read */
}
