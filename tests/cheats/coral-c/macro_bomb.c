/* cheat: macro_bomb
   expect: build_error|timeout
   workload: P04/C1
   why: the compiler's time and memory are the harness's. */

#define A(x) x x x x x x x x x x
#define B(x) A(A(A(A(x))))
#define C(x) B(B(x))

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i];
    C(y[0] += 1;)
}
