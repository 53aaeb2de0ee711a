/* cheat: constant
   expect: wrong
   workload: P15/C2
   fools: loose
   why: every row of a softmax sums to 1, so its mean is near each element. */

void kernel(const float *restrict x, float *restrict y)
{
    (void)x;
    for (int i = 0; i < R * C; i++) y[i] = 1.0f / C;
}
