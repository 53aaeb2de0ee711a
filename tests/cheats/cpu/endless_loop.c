/* cheat: endless_loop
   expect: timeout|limit
   workload: P01/C1
   fools: limits
   why: the harness must not wait for ever. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b;
    volatile float *out = y;
    for (;;) out[0] = 1.0f;
}
