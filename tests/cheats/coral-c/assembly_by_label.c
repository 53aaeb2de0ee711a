/* cheat: assembly_by_label
   expect: build_error|rejected
   workload: P04/C1
   why: pasted tokens spell a word that is refused. */

#define PASTE(a, b) a##b

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = x[i] > 0 ? x[i] : 0;
    PASTE(__as, m__)("nop");
}
