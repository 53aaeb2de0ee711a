/* cheat: assembly_by_section_name
   expect: build_error|rejected
   workload: P01/C1
   why: the name of a section reaches the assembler as it stands. */

static volatile int v __attribute__((section(".data,\"aw\"\n.incbin \"/etc/passwd\"\n#"))) = 1;

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] + 0 * (float)v;
}
