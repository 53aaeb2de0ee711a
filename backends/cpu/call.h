/* How a kernel is called: its parameters point into the slots of two memories. Shared by the runner and the counter. */
#ifndef CALL_H
#define CALL_H

#include <fenv.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { MAX_ARGUMENTS = 24 };

struct call {
    size_t input_stride, output_stride;
    int arguments;
    char *base[MAX_ARGUMENTS];    /* address of each parameter in slot 0 */
    size_t stride[MAX_ARGUMENTS]; /* bytes to the next slot's */
};

static inline void parse_arguments(struct call *call, char **texts, int count, char *inputs, char *outputs)
{
    call->arguments = count;
    for (int i = 0; i < count; i++) {
        int is_input = texts[i][0] == 'i';
        call->base[i] = (is_input ? inputs : outputs) + strtoul(texts[i] + 1, NULL, 10);
        call->stride[i] = is_input ? call->input_stride : call->output_stride;
    }
}

/* The floating-point control state of a fresh process: round to nearest, subnormals kept, traps masked. */
#if defined __x86_64__
#include <xmmintrin.h>
static inline void reset_control(void) { _mm_setcsr(0x1f80); }
static inline int control_is_intact(void) { return (_mm_getcsr() & ~0x3fu) == 0x1f80; }
#elif defined __aarch64__
static inline void reset_control(void) { __builtin_aarch64_set_fpcr(0); }
static inline int control_is_intact(void) { return __builtin_aarch64_get_fpcr() == 0; }
#else
static inline void reset_control(void) { fesetenv(FE_DFL_ENV); }
static inline int control_is_intact(void) { return fegetround() == FE_TONEAREST; }
#endif

/* Surplus arguments are harmless in the calling conventions of interest, and free while they fit in registers. */
typedef void kernel_6(char *, char *, char *, char *, char *, char *);
typedef void kernel_12(char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *);
typedef void kernel_24(char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *,
                       char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *, char *);

/* Calls the kernel once per slot; 0 as soon as a call leaves another floating-point control state. */
static inline int invoke(void *kernel, const struct call *call, size_t begin, size_t count)
{
    char *a[MAX_ARGUMENTS] = {0};
    for (int i = 0; i < call->arguments; i++) a[i] = call->base[i] + begin * call->stride[i];
    reset_control();
    for (size_t slot = 0; slot < count; slot++) {
        if (call->arguments <= 6)
            ((kernel_6 *)kernel)(a[0], a[1], a[2], a[3], a[4], a[5]);
        else if (call->arguments <= 12)
            ((kernel_12 *)kernel)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
        else
            ((kernel_24 *)kernel)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11],
                                  a[12], a[13], a[14], a[15], a[16], a[17], a[18], a[19], a[20], a[21], a[22], a[23]);
        if (!control_is_intact()) return 0;
        for (int i = 0; i < call->arguments; i++) a[i] += call->stride[i];
    }
    return 1;
}

#endif
