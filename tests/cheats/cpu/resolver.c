/* cheat: resolver
   expect: rejected|build_error
   workload: P01/C2
   fools: unconfined
   why: the resolver of an indirect function runs while the kernel is loaded. */

static float plain(float v) { return v; }
static void *choose(void) { return (void *)(uintptr_t)plain; }
__attribute__((visibility("default"))) float identity(float v) __attribute__((ifunc("choose")));

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = identity(a[i] + b[i]);
}
