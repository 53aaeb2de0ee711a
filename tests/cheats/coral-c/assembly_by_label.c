/* cheat: assembly_by_label
   expect: build_error|rejected
   workload: P01/C1
   why: pasted tokens spell a word that is refused. */

#define PASTE(a, b) a##b

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    PASTE(__as, m__)("nop");
}
