/* cheat: nothing
   expect: wrong
   workload: P21/C2
   fools: stale
   why: output memory that an earlier kernel, or the reference, has filled. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    (void)a, (void)b, (void)y;
}
