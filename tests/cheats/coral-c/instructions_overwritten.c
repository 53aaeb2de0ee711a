/* cheat: instructions_overwritten
   expect: fault
   workload: P01/C1
   why: a program that changes its instructions could change what is counted. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    *(volatile unsigned *)0 = 0x08000073u;
}
