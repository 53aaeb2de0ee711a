/* cheat: instructions_overwritten
   expect: fault
   workload: P04/C1
   why: a program that changes its instructions could change what is counted. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i] > 0 ? x[i] : 0;
    *(volatile unsigned *)0 = 0x08000073u;
}
