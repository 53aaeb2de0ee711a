/* cheat: last_element_dropped
   expect: wrong
   workload: P01/C3
   fools: share
   why: whole vectors only: one element in a thousand is missing. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N - 1; i++) y[i] = a[i] + b[i];
}
