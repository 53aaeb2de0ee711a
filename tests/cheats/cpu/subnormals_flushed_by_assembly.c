/* cheat: subnormals_flushed_by_assembly
   expect: build_error|rejected
   workload: P01/C2
   fools: typical
   why: a control bit that makes subnormals zero, and some code faster. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    unsigned control = 0x9fc0;
    __asm__ volatile("ldmxcsr %0" : : "m"(control));
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
