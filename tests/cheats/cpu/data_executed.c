/* cheat: data_executed
   expect: fault|rejected|build_error
   workload: P01/C1
   fools: nobody: data cannot be executed on any machine that this backend serves.
   why: machine code that the kernel itself has written. */

static unsigned char code[16];

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b, (void)y;
    code[0] = 0xc3;
    ((void (*)(void))(uintptr_t)code)();
}
