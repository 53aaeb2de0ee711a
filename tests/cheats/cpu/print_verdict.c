/* cheat: print_verdict
   expect: build_error|rejected
   workload: P01/C2
   fools: printed
   why: a verdict that is parsed from what a kernel prints. */

#include <stdio.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    puts("CORRECT"), fflush(stdout); return;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
