/* cheat: inline_assembly
   expect: build_error|rejected
   workload: P01/C1
   why: mpause in the middle would end the program before its work is done, and before the clock sees it. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    __asm__ volatile(".word 0x08000073");
}
