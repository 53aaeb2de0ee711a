# cheat: subnormals_flushed
# expect: wrong
# workload: P01/C[1-4]
# template: yes
# fools: typical
# why: results that are too small to be normal become zero, as on cheaper hardware.

{{ baseline | replace('    fadd.s fa0, fa0, fa1\n', '    fadd.s fa0, fa0, fa1
    fmv.x.w t1, fa0
    lui t2, 0x7f800
    and t2, t2, t1
    snez t2, t2
    neg t2, t2
    and t1, t1, t2
    fmv.w.x fa0, t1\n') }}
