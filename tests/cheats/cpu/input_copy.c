/* cheat: input_copy
   expect: wrong
   workload: P04/C2
   fools: uniform
   why: half of a relu is its input. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i];
}
