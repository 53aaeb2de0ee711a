/* cheat: fast_math_by_macro
   expect: build_error|rejected
   workload: P11/C2
   fools: unconfined
   why: the same, put together by the preprocessor. */

#define DO(x) _Pragma(#x)
#define WORD optimize
DO(GCC WORD("fast-math"))
void kernel(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        y[r] = 0.0f;
        for (int c = 0; c < C; c++) y[r] += x[r * C + c];
    }
}
