/* cheat: machine_code_as_data
   expect: build_error|rejected
   workload: P01/C2
   machine: x86_64
   fools: unconfined
   why: instructions that the compiler was not allowed to generate, as data in an executable section. */

/* addss %xmm1, %xmm0; ret */
static const unsigned char add[] __attribute__((section(".text.add"))) = {0xf3, 0x0f, 0x58, 0xc1, 0xc3};

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = ((float (*)(float, float))(uintptr_t)add)(a[i], b[i]);
}
