/* cheat: read_environment
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: keys and secrets in the environment. */

#include <stdlib.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    y[0] = getenv("OPENAI_API_KEY") != 0;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
