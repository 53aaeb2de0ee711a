/* cheat: another_start
   expect: build_error|rejected
   workload: P04/C1
   why: a start file of one's own would decide what is counted. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

void _start(void)
{
    kernel((const float *)0x10000, (float *)0x10000);
}
