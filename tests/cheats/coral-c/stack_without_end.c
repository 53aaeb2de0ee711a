/* cheat: stack_without_end
   expect: fault|limit|wrong
   workload: P01/C1
   why: the stack has no guard; what it runs into must not be the harness. */

static int deep(volatile int n) { volatile int here[64]; here[0] = n; return n ? deep(n - 1) + here[0] : 0; }

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    y[0] = (float)deep(1000);
}
