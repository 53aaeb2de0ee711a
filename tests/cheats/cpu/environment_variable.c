/* cheat: environment_variable
   expect: build_error|rejected
   workload: P01/C1
   fools: unconfined
   why: the environment without a call. */

extern char **environ;

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] + (float)(environ[0] != 0);
}
