/* cheat: one_past_the_end
   expect: fault|wrong
   workload: P01/C2
   fools: outputs_only
   why: a write just behind an output, into what may be another tensor. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    volatile float *behind = y;
    behind[N] = 0.0f;
}
