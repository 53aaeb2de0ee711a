/* cheat: far_write
   expect: fault
   workload: P01/C2
   fools: status
   why: a write far away from any tensor. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    volatile float *far = y;
    far[1 << 28] = 0.0f;
}
