/* cheat: macro_bomb
   expect: build_error|timeout
   workload: P01/C1
   why: the compiler's time and memory are the harness's. */

#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(x))))
#define C(x) B(B(x))

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i];
    C(y[0] += 1;)
}
