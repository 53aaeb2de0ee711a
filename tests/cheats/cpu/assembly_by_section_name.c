/* cheat: assembly_by_section_name
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: the name of a section goes to the assembler as it stands, line breaks included. */

static volatile int v __attribute__((section(".data,\"aw\"\n.globl stolen\nstolen: .incbin \"/usr/bin/cc\"\n.data\n#"))) = 1;

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] * (float)v;
}
