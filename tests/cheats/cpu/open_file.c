/* cheat: open_file
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: files of the host, the reference's source among them. */

#include <stdio.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    fclose(fopen("/etc/passwd", "r"));
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
