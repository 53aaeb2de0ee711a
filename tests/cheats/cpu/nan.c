/* cheat: nan
   expect: wrong
   workload: P01/C2
   fools: nan
   why: NaN compares as different from nothing in a comparison that asks for 'greater than allowed'. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b;
    for (int i = 0; i < N; i++) y[i] = NAN;
}
