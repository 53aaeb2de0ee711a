/* cheat: raw_print_verdict
   expect: fault|wrong|rejected|build_error
   workload: P01/C2
   machine: x86_64
   why: text on every descriptor that may be somebody's standard output. */
/* A system call without a line of assembly: machine code as data in an executable section. */
static const unsigned char raw[] __attribute__((section(".text.raw"))) = {
    0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x4d, 0x89, 0xc2,
    0x4d, 0x89, 0xc8, 0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x0f, 0x05, 0xc3,
};
#define call(...) (((long (*)(long, ...))(uintptr_t)raw)(__VA_ARGS__))
void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b, (void)y;
    for (long file = 1; file < 3; file++) call(1, file, (long)"CORRECT\nPASSED\n", 15L); /* write */
}
