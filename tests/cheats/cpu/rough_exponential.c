/* cheat: rough_exponential
   expect: wrong
   workload: P09/C2
   fools: loose
   why: an exponential made of the bits of its argument errs by some percent and is far faster. */

static float rough(float v)
{
    v = v < -87.0f ? -87.0f : v > 88.0f ? 88.0f : v;
    union { int32_t i; float f; } b = {(int32_t)(v * 12102203.0f) + 1064986823};
    return b.f;
}

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i] / (1.0f + rough(-x[i]));
}
