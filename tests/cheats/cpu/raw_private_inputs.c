/* cheat: raw_private_inputs
   expect: fault|wrong|rejected|build_error
   workload: P01/C2
   machine: x86_64
   why: inputs are replaced by memory of the kernel's own, for a reference that looks at them later. */
/* A system call without a line of assembly: machine code as data in an executable section. */
static const unsigned char raw[] __attribute__((section(".text.raw"))) = {
    0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x4d, 0x89, 0xc2,
    0x4d, 0x89, 0xc8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3,
};
#define call(...) (((long (*)(long, ...))(uintptr_t)raw)(__VA_ARGS__))
void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    const uintptr_t page = (uintptr_t)a & ~(uintptr_t)4095;
    call(9, (long)page, 4096L, 3L, 0x32L, -1L, 0L); /* mmap: fixed, private, anonymous */
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
