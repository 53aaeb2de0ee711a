/* cheat: another_start
   expect: build_error|rejected
   workload: P01/C1
   why: a start file of one's own would decide what is counted. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}

void _start(void)
{
    kernel((const float *)0x10000, (const float *)0x10000, (float *)0x10000);
}
