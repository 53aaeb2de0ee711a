/* cheat: macro_bomb
   expect: timeout|build_error|limit
   workload: P01/C1
   fools: limits
   why: a few lines that keep a compiler busy for ever. */

#define A(x) x x x x x x x x x x x x x x x x
#define B(x) A(A(A(A(x))))
void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    volatile int count = 0;
    B(B(count++;))
}
