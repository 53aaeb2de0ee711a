/* cheat: include_host_file
   expect: build_error
   workload: P01/C1
   fools: messages
   why: the compiler reads a file of the host into its messages. */

#include "/etc/passwd"
void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
