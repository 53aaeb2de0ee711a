/* cheat: zeros
   expect: wrong
   workload: P09/C2
   fools: absolute
   why: the answer that fits inside an absolute tolerance where outputs are small. */

void kernel(const float *restrict x, float *restrict y)
{
    (void)x;
    for (int i = 0; i < N; i++) y[i] = 0.0f;
}
